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
FROM target_health WHERE tell_at IS NOT NULL
UNION ALL
SELECT h.practice_id, h.target, h.state, h.since, h.attempts, h.failed, h.failure, h.slow, h.last_answered_at,
    h.last_failed_at, h.posted, h.dead, h.stated_at, h.expires_at > now()
FROM upstream_silence s JOIN target_health h USING (practice_id, target)
WHERE s.silent_since IS NOT NULL AND h.tell_at IS NULL
ORDER BY since LIMIT :most;
