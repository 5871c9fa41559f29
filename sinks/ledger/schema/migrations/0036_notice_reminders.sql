-- How often an open notice has been repeated: the pauses between reminders grow.
ALTER TABLE notices ADD COLUMN reminders integer NOT NULL DEFAULT 0;
