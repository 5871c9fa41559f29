-- How a person ended an event that waited (record, dismiss, post): what was dismissed is no fact about its payment any
-- more, and nothing judges an ended event again by itself. NULL: nobody did, it resolved itself or waits.
ALTER TABLE events ADD COLUMN ended_as text CHECK (ended_as IN ('record', 'dismiss', 'post'));
-- What a person ended about money that had not been reported: when it is, a person decides about it too.
CREATE INDEX events_ended ON events (practice_id, source, concerns) WHERE ended_as IS NOT NULL;
