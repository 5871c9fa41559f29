-- name: changes
-- Entries that people deleted or changed at the practice's own system; open ones alone, or those that have ended too.
SELECT c.practice_id, c.effect_id, c.state, c.found_at, c.looked_at, c.ended_at, c.ended_as, c.ended_by, c.why,
       e.entry_kind, e.amount_minor, e.currency, o.external_id, o.ledger_date, coalesce(v.concerns, v.subject) AS payment
FROM entry_changes c
JOIN entries e ON e.practice_id = c.practice_id AND e.effect_id = c.effect_id
JOIN events v ON v.practice_id = e.practice_id AND v.source = e.source AND v.event_id = e.event_id
CROSS JOIN LATERAL (
    SELECT x.external_id, x.ledger_date FROM outcomes x
    WHERE x.practice_id = c.practice_id AND x.effect_id = c.effect_id ORDER BY x.n DESC LIMIT 1) o
WHERE (:practice_id::text IS NULL OR c.practice_id = :practice_id::text)
  AND ((c.ended_at IS NULL AND c.state IN ('GONE', 'CHANGED')) OR (:all AND c.found_at IS NOT NULL))
ORDER BY c.practice_id, c.effect_id LIMIT :most;

-- name: change
SELECT c.practice_id, c.effect_id, c.state, c.found_at, c.looked_at, c.ended_at, c.ended_as, c.ended_by, c.why,
       e.entry_kind, e.amount_minor, e.currency, o.external_id, o.ledger_date, coalesce(v.concerns, v.subject) AS payment
FROM entry_changes c
JOIN entries e ON e.practice_id = c.practice_id AND e.effect_id = c.effect_id
JOIN events v ON v.practice_id = e.practice_id AND v.source = e.source AND v.event_id = e.event_id
CROSS JOIN LATERAL (
    SELECT x.external_id, x.ledger_date FROM outcomes x
    WHERE x.practice_id = c.practice_id AND x.effect_id = c.effect_id ORDER BY x.n DESC LIMIT 1) o
WHERE c.practice_id = :practice_id AND c.effect_id = :effect_id AND c.state IN ('GONE', 'CHANGED');

-- name: accept!
UPDATE entry_changes SET ended_at = :now, ended_as = 'ACCEPTED', ended_by = :actor, why = :why
WHERE practice_id = :practice_id AND effect_id = :effect_id AND ended_at IS NULL;
