-- name: keep_held!
-- Who keeps these entries from going out by themselves; null: nobody any more.
INSERT INTO entry_care (practice_id, effect_id, held_at, held_by, held_why)
SELECT :practice_id, n, :held_at::timestamptz, :held_by::text, :why::text FROM unnest(:effect_ids::bigint[]) n
ON CONFLICT (practice_id, effect_id) DO UPDATE
SET held_at = excluded.held_at, held_by = excluded.held_by, held_why = excluded.held_why;

-- name: assign!
INSERT INTO entry_care (practice_id, effect_id, assigned_to, assigned_at, assigned_by)
SELECT :practice_id, n, :assigned_to::text, CASE WHEN :assigned_to::text IS NOT NULL THEN :at::timestamptz END, :actor
FROM unnest(:effect_ids::bigint[]) n
ON CONFLICT (practice_id, effect_id) DO UPDATE
SET assigned_to = excluded.assigned_to, assigned_at = excluded.assigned_at, assigned_by = excluded.assigned_by;
