-- name: open_notices
SELECT practice_id, cause, opened_at, reference, items, told_at, acknowledged_at, acknowledged_by FROM notices
WHERE closed_at IS NULL AND (:practice_id::text IS NULL OR practice_id = :practice_id::text)
ORDER BY opened_at, practice_id, cause LIMIT :most;

-- name: notice_named
SELECT practice_id, cause, opened_at, closed_at, acknowledged_by FROM notices WHERE reference = :reference;

-- name: acknowledge!
UPDATE notices SET acknowledged_at = business_now(:now), acknowledged_by = :actor
WHERE practice_id = :practice_id AND cause = :cause AND opened_at = :opened_at AND closed_at IS NULL;
