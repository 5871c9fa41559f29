-- name: settle_letters!
-- An entry that stands twice is a matter of its own: which of the two stays is told with `dlq dismiss`.
UPDATE dead_letters SET settled_at = :now, settled_as = :settled_as, settled_by = :actor
WHERE practice_id = :practice_id AND effect_id = ANY(:effect_ids::bigint[]) AND settled_at IS NULL
  AND reason <> 'DUPLICATE_AT_TARGET';
