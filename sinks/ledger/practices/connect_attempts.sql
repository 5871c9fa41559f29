-- name: begin!
-- A newer attempt of a practice ends the one before it.
INSERT INTO connect_attempts (practice_id, route, state_digest, attempt, began_at, ends_at, began_by)
VALUES (:practice_id, :route, :state_digest, :attempt, clock_timestamp(),
    clock_timestamp() + make_interval(secs => :for_s), :actor)
ON CONFLICT (practice_id) DO UPDATE SET route = EXCLUDED.route, state_digest = EXCLUDED.state_digest,
    attempt = EXCLUDED.attempt, began_at = EXCLUDED.began_at, ends_at = EXCLUDED.ends_at, began_by = EXCLUDED.began_by;

-- name: drop_ended!
-- Nobody came back for these; they hold an app's keys, sealed.
DELETE FROM connect_attempts WHERE ends_at < clock_timestamp();

-- name: pending
SELECT state_digest, attempt, began_by FROM connect_attempts
WHERE practice_id = :practice_id AND route = :route AND ends_at >= clock_timestamp()
FOR UPDATE;

-- name: used!
DELETE FROM connect_attempts WHERE practice_id = :practice_id AND route = :route;
