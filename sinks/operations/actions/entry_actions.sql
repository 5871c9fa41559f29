-- name: settle_letters!
-- An entry that stands twice is a matter of its own: which of the two stays is told with `dlq dismiss`.
UPDATE dead_letters SET settled_at = :now, settled_as = :settled_as, settled_by = :actor
WHERE practice_id = :practice_id AND effect_id = ANY(:effect_ids::bigint[]) AND settled_at IS NULL
  AND reason <> 'DUPLICATE_AT_TARGET';

-- name: keep_recorded!
-- POST-10. Of one that was dismissed and is recorded after all, or recorded with another amount, the last word stands.
INSERT INTO recorded_amounts (practice_id, effect_id, amount_minor, recorded_at, recorded_by)
SELECT :practice_id, k.n, k.minor, :at, :actor
FROM unnest(:effect_ids::bigint[], :amounts::bigint[]) AS k(n, minor)
ON CONFLICT (practice_id, effect_id) DO UPDATE
SET amount_minor = EXCLUDED.amount_minor, recorded_at = EXCLUDED.recorded_at, recorded_by = EXCLUDED.recorded_by;
