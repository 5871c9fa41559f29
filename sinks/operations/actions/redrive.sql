-- name: record_bytes
-- Locked, so that two operators do not send it twice.
SELECT key, value FROM dead_letters
WHERE practice_id = :practice_id AND topic_id = :topic_id AND part = :part AND off = :off AND effect_id = :effect_id
  AND redrives = :redrives AND settled_at IS NULL FOR UPDATE;

-- name: settle_record!
UPDATE dead_letters SET settled_at = business_now(:now), settled_as = 'REPUBLISHED', settled_by = :who
WHERE practice_id = :practice_id AND topic_id = :topic_id AND part = :part AND off = :off AND effect_id = :effect_id
  AND redrives = :redrives AND settled_at IS NULL;

-- name: dismiss_record
UPDATE dead_letters SET settled_at = business_now(:now), settled_as = 'DISMISSED', settled_by = :who
WHERE practice_id = :practice_id AND topic = :topic AND part = :part AND off = :off AND settled_at IS NULL
  AND stands_by_itself(stage, reason)
RETURNING reason;
