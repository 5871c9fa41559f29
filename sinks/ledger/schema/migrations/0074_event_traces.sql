-- W3C Trace Context of an event that is traced, so that its calls belong to the trace that its upstream began.
ALTER TABLE events ADD COLUMN traceparent text;
-- Rows that are there have none, so nothing needs to be looked through.
ALTER TABLE events ADD CONSTRAINT events_traceparent CHECK (traceparent ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$') NOT VALID;
COMMENT ON COLUMN events.traceparent IS 'the span under which INTAKE stored it; null: it is not traced';
