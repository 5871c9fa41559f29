-- Requests that wait for an agent. Times are the database's own: callers and endpoints run on several machines.

-- name: ask!
-- One request, for as long as its caller waits. What callers that died left behind goes, some rows at a time.
WITH gone AS (
    DELETE FROM connector_requests r USING (
        SELECT o.practice_id, o.request_id FROM connector_requests o
        WHERE o.practice_id = :practice_id AND o.expires_at < clock_timestamp() - interval '10 minutes'
        ORDER BY o.request_id LIMIT 100) o
    WHERE r.practice_id = o.practice_id AND r.request_id = o.request_id
), asked AS (
    INSERT INTO connector_requests (practice_id, request_id, expires_at, request)
    VALUES (:practice_id, :request_id,
            least(:expires_at::timestamptz, clock_timestamp() + make_interval(secs => :wait_s)), :request)
)
SELECT pg_notify(:channel, :practice_id);

-- name: look
SELECT r.handed_at IS NOT NULL AS handed, r.answer FROM connector_requests r
WHERE r.practice_id = :practice_id AND r.request_id = :request_id;

-- name: withdraw_unfetched
-- Only what nobody has: afterwards nobody gets it.
DELETE FROM connector_requests r
WHERE r.practice_id = :practice_id AND r.request_id = :request_id AND r.handed_at IS NULL
RETURNING r.request_id;

-- name: withdraw
DELETE FROM connector_requests r
WHERE r.practice_id = :practice_id AND r.request_id = :request_id
RETURNING r.handed_at IS NOT NULL AS handed, r.answer;

-- name: hand_out
-- The oldest request of a practice, to one agent alone. Materialized: as part of a join the choice would be made again for
-- each row, and more than one would count as handed out.
WITH o AS MATERIALIZED (
    SELECT w.request_id FROM connector_requests w
    WHERE w.practice_id = :practice_id AND w.handed_at IS NULL AND w.expires_at > clock_timestamp()
    ORDER BY w.asked_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE connector_requests r SET handed_at = clock_timestamp()
FROM o
WHERE r.practice_id = :practice_id AND r.request_id = o.request_id
RETURNING r.request_id, r.request, extract(epoch FROM r.expires_at - clock_timestamp())::float8 AS left_s;

-- name: hand_out_again
-- The control of the one above: whether somebody has it already is not asked.
WITH o AS MATERIALIZED (
    SELECT w.request_id FROM connector_requests w
    WHERE w.practice_id = :practice_id AND w.answer IS NULL AND w.expires_at > clock_timestamp()
    ORDER BY w.asked_at LIMIT 1 FOR UPDATE
)
UPDATE connector_requests r SET handed_at = clock_timestamp()
FROM o
WHERE r.practice_id = :practice_id AND r.request_id = o.request_id
RETURNING r.request_id, r.request, extract(epoch FROM r.expires_at - clock_timestamp())::float8 AS left_s;

-- name: keep_answer
-- The first answer to a request that was handed out; nobody waits any more where there is no row.
WITH kept AS (
    UPDATE connector_requests r SET answer = :answer
    WHERE r.practice_id = :practice_id AND r.request_id = :request_id AND r.handed_at IS NOT NULL AND r.answer IS NULL
    RETURNING r.request_id
)
SELECT k.request_id, pg_notify(:channel, k.request_id::text) FROM kept k;

-- name: remember_nonce
-- A row only where it was not seen before.
WITH gone AS (
    DELETE FROM connector_nonces n USING (
        SELECT o.nonce FROM connector_nonces o
        WHERE o.practice_id = :practice_id AND o.forget_at < clock_timestamp() ORDER BY o.nonce LIMIT 100) o
    WHERE n.practice_id = :practice_id AND n.nonce = o.nonce
)
INSERT INTO connector_nonces (practice_id, nonce, forget_at) VALUES (:practice_id, :nonce, :forget_at)
ON CONFLICT DO NOTHING
RETURNING nonce;

-- name: keys_of
-- Where a practice's agent is known: the connection that it uses for its PMS, and what that is opened with.
SELECT c.connection_id, c.home_practice_id, c.config, c.secret
FROM practice_connections p JOIN connections c USING (home_practice_id, connection_id)
WHERE p.practice_id = :practice_id AND p.target = 'PMS' AND c.route = 'connector' AND c.enabled;
