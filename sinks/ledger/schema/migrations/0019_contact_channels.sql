-- How a contact is reached: the name of a notice channel (`sinks.notices.channels`), whose address stands in `email`.
ALTER TABLE practice_contacts ADD COLUMN channel text NOT NULL DEFAULT 'email';
