-- Told by a document's number, which is what people read at the target: an entry is found by it alone.
CREATE INDEX effects_external ON effects (external_id) WHERE external_id IS NOT NULL;
-- What another event superseded is outside events_money, and belongs to the story all the same.
CREATE INDEX events_superseded ON events (practice_id, source, subject) WHERE superseded_by IS NOT NULL;
-- What an event waited as, in order: the plan that resolves it replaces the one that parked it, and people ask.
ALTER TABLE events ADD COLUMN waited text[] NOT NULL DEFAULT '{}';
CREATE FUNCTION keep_waiting() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    NEW.waited := OLD.waited || OLD.waiting;
    RETURN NEW;
END
$body$;
CREATE TRIGGER events_keep_waiting BEFORE UPDATE OF waiting ON events FOR EACH ROW
    WHEN (OLD.waiting IS NOT NULL AND NEW.waiting IS DISTINCT FROM OLD.waiting) EXECUTE FUNCTION keep_waiting();
