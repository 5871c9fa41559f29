-- Told by a document's number, which is what people read at the target: an entry is found by it alone.
CREATE INDEX effects_external ON effects (external_id) WHERE external_id IS NOT NULL;
-- What another event superseded is outside events_money, and belongs to the story all the same.
CREATE INDEX events_superseded ON events (practice_id, source, subject) WHERE superseded_by IS NOT NULL;
