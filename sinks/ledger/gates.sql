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
WITH wanted AS (
    SELECT p AS practice_id, c AS connection_id
    FROM unnest(:practice_ids::text[], :connection_ids::text[]) AS k(p, c)
), due AS (
    SELECT w.practice_id, w.connection_id, (
        SELECT min(CASE WHEN h.state = 'SCHEDULED' AND h.due_at > business_now(:now)
                        THEN h.due_at + gate_jitter(w.practice_id, :jitter_s) ELSE h.due_at END)
        FROM (
            (SELECT DISTINCT ON (e.lane) e.state, e.due_at
             FROM work e
             WHERE e.practice_id = w.practice_id AND e.connection_id = w.connection_id
               AND is_in_lane(e.state)
               AND (e.state <> 'SCHEDULED' OR e.due_at <= business_now(:now))
               AND (NOT is_ready(e.state) OR e.depends_on IS NULL OR EXISTS (
                    SELECT FROM outcomes o WHERE o.practice_id = w.practice_id
                      AND o.effect_id = e.depends_on AND o.state = 'POSTED'))
             ORDER BY e.lane, is_in_doubt(e.state) DESC, e.effect_id)
            UNION ALL
            (SELECT 'SCHEDULED', min(e.due_at)
             FROM work e
             WHERE e.practice_id = w.practice_id AND e.connection_id = w.connection_id
               AND is_in_lane(e.state)
               AND e.state = 'SCHEDULED' AND e.due_at > business_now(:now))
            UNION ALL
            (SELECT 'POSTED', min(s.look_at)
             FROM second_looks s
             WHERE s.practice_id = w.practice_id AND s.connection_id = w.connection_id)
        ) h) AS next_due_at
    FROM wanted w
)
INSERT INTO gates AS g (practice_id, connection_id, next_due_at)
SELECT practice_id, connection_id, next_due_at FROM due ORDER BY practice_id, connection_id
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
