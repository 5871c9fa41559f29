-- name: states
-- In the order of practices. `known`: stated lately enough.
SELECT practice_id, target, state, since, attempts, failed, failure, slow, last_answered_at, last_failed_at, posted, dead,
    stated_at, expires_at > now() AS known
FROM target_health
WHERE practice_id > :after AND (:practice_id::text IS NULL OR practice_id = :practice_id::text)
ORDER BY practice_id, target LIMIT :most;

-- name: unhealthy_states
-- Only those that are told or soon will be, the longest first.
SELECT practice_id, target, state, since, attempts, failed, failure, slow, last_answered_at, last_failed_at, posted, dead,
    stated_at, expires_at > now() AS known
FROM target_health WHERE tell_at IS NOT NULL ORDER BY tell_at LIMIT :most;
