-- How far a partition's records had been stored before the database was set back (law 4): the offset that was committed
-- in Kafka when the era was raised for it, so that the same evidence raises it once.
ALTER TABLE intake_offsets ADD COLUMN era_raised_to bigint;
