-- name: ensure!
INSERT INTO gates (practice_id, connection_id)
SELECT p, c FROM unnest(:practice_ids::text[], :connection_ids::text[]) AS k(p, c)
ON CONFLICT DO NOTHING;

-- name: lock
SELECT FROM gates g
WHERE (g.practice_id, g.connection_id) IN (
    SELECT p, c FROM unnest(:practice_ids::text[], :connection_ids::text[]) AS k(p, c))
ORDER BY g.practice_id, g.connection_id
FOR NO KEY UPDATE;

-- name: refresh!
-- Recomputes when gates have work next: heads of lanes as the mark query sees them, and SCHEDULED ones still to come.
-- The caller has locked what it changed, and runs this as a later statement (law 8). Keys come sorted.
INSERT INTO gates AS g (practice_id, connection_id, next_due_at)
SELECT p, c, gate_due_at(p, c, business_now(:now), :jitter_s)
FROM unnest(:practice_ids::text[], :connection_ids::text[]) AS k(p, c)
ORDER BY p, c
ON CONFLICT (practice_id, connection_id) DO UPDATE SET next_due_at = EXCLUDED.next_due_at;

-- name: advance!
-- After an insert of new effects: no gate's time is put off, and none is later than its new effects need.
-- Cheaper than `refresh`; what it wakes too early the poster's release corrects. Keys come sorted.
INSERT INTO gates AS g (practice_id, connection_id, next_due_at)
SELECT p, c, CASE WHEN d > business_now(:now) THEN d + gate_jitter(p, :jitter_s) ELSE d END
FROM unnest(:practice_ids::text[], :connection_ids::text[], :due_ats::timestamptz[]) AS k(p, c, d)
ON CONFLICT (practice_id, connection_id) DO UPDATE SET next_due_at = least(g.next_due_at, EXCLUDED.next_due_at)
    WHERE g.next_due_at IS NULL OR EXCLUDED.next_due_at < g.next_due_at;

-- name: wake
-- Wakes pollers of the gates; the payload says whose gates may have work ('*' = several).
SELECT pg_notify('writeback_gates', :practice_id::text);

-- name: gates_of
SELECT connection_id FROM gates WHERE practice_id = :practice_id;
