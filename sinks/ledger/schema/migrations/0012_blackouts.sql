-- Until when a gate rests because its practice posts nothing at this local time (T-8): it sleeps on purpose, and the look
-- for gates that nobody woke leaves it alone.
ALTER TABLE gates ADD COLUMN blackout_until timestamptz;
