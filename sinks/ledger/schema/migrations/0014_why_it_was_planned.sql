-- Why an entry was planned, while `reason` says why it is dead: what goes on its way again says the former again.
ALTER TABLE effects ADD COLUMN planned_reason text;
UPDATE effects f SET planned_reason = e.reason FROM events e
WHERE e.practice_id = f.practice_id AND e.source = f.source AND e.event_id = f.event_id
  AND f.state IN ('INVALID_CONFIG', 'BLOCKED_PERIOD', 'REJECTED', 'DEAD_LETTERED');
