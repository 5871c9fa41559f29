-- Leases of gates and connections (laws 20 to 22).
-- Rows travel as one JSON parameter: one statement serves many gates and many effects, and costs the client one encoding.
-- `:now` is business time (null: the database's clock); leases use now() alone. OFFSET 0 and MATERIALIZED hold joins to
-- one look-up by key for each row: nothing else says how many rows a JSON has, and a planner that guesses reads a whole
-- practice instead.

-- name: claim
-- Due gates, oldest first, each with its connection (law 22): a gate whose connection another poster holds, or that is
-- closed, is passed over. SKIP LOCKED never waits, so the order of locks cannot deadlock. A connection's epoch rises at
-- every claim, so that a release that is on its way does not give back what was just claimed again.
WITH routes AS (
    SELECT * FROM unnest(:routes::text[], :leases::float8[]) AS r(route, lease_s)
), due AS (
    SELECT g.practice_id, g.connection_id, h.home, h.used
    FROM gates g
    CROSS JOIN LATERAL (
        SELECT coalesce(max(p.home_practice_id), g.practice_id) AS home, count(*) > 0 AS used
        FROM practice_connections p
        WHERE p.practice_id = g.practice_id AND p.connection_id = g.connection_id) h
    JOIN connections c ON c.home_practice_id = h.home AND c.connection_id = g.connection_id
    WHERE g.next_due_at <= business_now(:now) AND g.not_before <= now() AND g.lease_until < now()
      AND c.not_before <= now() AND (c.owner = :me OR c.lease_until < now())
    ORDER BY g.next_due_at
    LIMIT :free
    FOR UPDATE OF g SKIP LOCKED
), leasable AS (
    SELECT c.home_practice_id, c.connection_id
    FROM connections c
    WHERE (c.home_practice_id, c.connection_id) IN (SELECT home, connection_id FROM due)
      AND c.not_before <= now() AND (c.owner = :me OR c.lease_until < now())
    FOR UPDATE SKIP LOCKED
), opened AS (
    UPDATE connections c
    SET owner = :me, epoch = c.epoch + 1,
        lease_until = greatest(c.lease_until, now() + make_interval(secs => r.lease_s))
    FROM leasable d, routes r
    WHERE c.home_practice_id = d.home_practice_id AND c.connection_id = d.connection_id
      AND r.route = CASE WHEN c.route IN (SELECT route FROM routes) THEN c.route ELSE :other_route END
    RETURNING c.home_practice_id, c.connection_id, c.epoch, c.route, c.target, c.changed_at, c.base_url, c.config,
              c.secret, c.limiter, c.breaker, r.lease_s
)
UPDATE gates g
SET owner = :me, epoch = g.epoch + 1, lease_until = now() + make_interval(secs => o.lease_s)
FROM due d
JOIN opened o ON o.home_practice_id = d.home AND o.connection_id = d.connection_id
WHERE g.practice_id = d.practice_id AND g.connection_id = d.connection_id
RETURNING g.practice_id, g.connection_id, g.epoch, o.home_practice_id, o.epoch AS connection_epoch, o.route, o.target,
          o.changed_at, o.base_url, o.config, o.secret, o.limiter, o.breaker,
          EXISTS (SELECT FROM work w WHERE w.practice_id = g.practice_id AND w.connection_id = g.connection_id
                  AND w.state = 'SENDING') AS older_marks,
          EXISTS (SELECT FROM second_looks s WHERE s.practice_id = g.practice_id AND s.connection_id = g.connection_id
                  AND s.look_at <= business_now(:now)) AS duplicate_checks;

-- name: renew
-- Leases of gates and connections that are still ours; those not answered are lost.
WITH i AS (
    SELECT * FROM json_to_recordset(:gates::json) AS i(p text, c text, e bigint, lease_s float8)
), mine AS (
    SELECT g.practice_id, g.connection_id, i.lease_s FROM gates g
    JOIN i ON i.p = g.practice_id AND i.c = g.connection_id AND i.e = g.epoch
    WHERE g.owner = :me
    ORDER BY g.practice_id, g.connection_id
    FOR UPDATE OF g
)
UPDATE gates g SET lease_until = now() + make_interval(secs => m.lease_s)
FROM mine m
WHERE g.practice_id = m.practice_id AND g.connection_id = m.connection_id
RETURNING g.practice_id, g.connection_id;

-- name: renew_connections
WITH i AS (
    SELECT * FROM json_to_recordset(:connections::json) AS i(p text, c text, e bigint, lease_s float8)
), mine AS (
    SELECT d.home_practice_id, d.connection_id, i.lease_s FROM connections d
    JOIN i ON i.p = d.home_practice_id AND i.c = d.connection_id AND i.e = d.epoch
    WHERE d.owner = :me
    ORDER BY d.home_practice_id, d.connection_id
    FOR UPDATE OF d
)
UPDATE connections d SET lease_until = now() + make_interval(secs => m.lease_s)
FROM mine m
WHERE d.home_practice_id = m.home_practice_id AND d.connection_id = m.connection_id
RETURNING d.home_practice_id, d.connection_id;

-- name: release
-- Gates that are still ours, given back in one statement: `release_gates` says how.
SELECT release_gates(:gates::json, :me, :now::timestamptz, :jitter_s);

-- name: disown
-- After an error of the ledger: gates that are this process's here, and that it does not hold, whatever it knows of them
-- (a claim whose answer was lost is one of these). Whoever claims next begins at once, this process as a rule.
WITH held AS (
    SELECT * FROM json_to_recordset(:gates::json) AS h(p text, c text)
), mine AS (
    SELECT g.practice_id, g.connection_id FROM gates g
    WHERE g.owner = :me AND NOT EXISTS (SELECT FROM held h WHERE h.p = g.practice_id AND h.c = g.connection_id)
    ORDER BY g.practice_id, g.connection_id
    FOR UPDATE OF g
)
UPDATE gates g SET owner = NULL, lease_until = 'epoch'
FROM mine m
WHERE g.practice_id = m.practice_id AND g.connection_id = m.connection_id
RETURNING g.practice_id, g.connection_id;

-- name: disown_connections
-- The same of connections.
WITH held AS (
    SELECT * FROM json_to_recordset(:connections::json) AS h(p text, c text)
), mine AS (
    SELECT d.home_practice_id, d.connection_id FROM connections d
    WHERE d.owner = :me AND NOT EXISTS (SELECT FROM held h WHERE h.p = d.home_practice_id AND h.c = d.connection_id)
    ORDER BY d.home_practice_id, d.connection_id
    FOR UPDATE OF d
)
UPDATE connections d SET owner = NULL, lease_until = 'epoch'
FROM mine m
WHERE d.home_practice_id = m.home_practice_id AND d.connection_id = m.connection_id;

-- name: release_connections
WITH i AS (
    SELECT * FROM json_to_recordset(:connections::json) AS i(p text, c text, e bigint, limiter json, breaker json)
)
UPDATE connections d
SET owner = NULL, lease_until = 'epoch', limiter = i.limiter, breaker = i.breaker
FROM i
WHERE d.home_practice_id = i.p AND d.connection_id = i.c AND d.epoch = i.e AND d.owner = :me;

-- name: lock_named_gates
-- Before a connection is closed or opened: gates come before connections (PROTOCOL section 4).
SELECT g.practice_id, g.connection_id FROM gates g
WHERE g.connection_id = :connection_id AND (g.practice_id = :home_practice_id OR EXISTS (
    SELECT FROM practice_connections u
    WHERE u.practice_id = g.practice_id AND u.connection_id = g.connection_id
      AND u.home_practice_id = :home_practice_id))
ORDER BY g.practice_id, g.connection_id
FOR UPDATE OF g;

-- name: close_connection
-- An error of the connection closes every gate that names it, and changes no effect (law 22). A gate's place in the
-- queue moves with it, so that closed gates do not stand before open ones.
WITH d AS (
    UPDATE connections c
    SET not_before = now() + make_interval(secs => :wait_s), breaker = :breaker::jsonb, closed_reason = :reason,
        closed_at = CASE WHEN c.closed_reason IS NULL THEN now() ELSE c.closed_at END
    WHERE c.home_practice_id = :home_practice_id AND c.connection_id = :connection_id AND c.epoch = :epoch AND c.owner = :me
    RETURNING c.home_practice_id, c.connection_id, c.not_before, c.closed_at
), named AS (
    SELECT g.practice_id, g.connection_id, d.not_before, d.closed_at
    FROM d JOIN gates g ON g.connection_id = d.connection_id
        AND (g.practice_id = d.home_practice_id OR EXISTS (SELECT FROM practice_connections u
             WHERE u.practice_id = g.practice_id AND u.connection_id = d.connection_id
               AND u.home_practice_id = d.home_practice_id))
    ORDER BY g.practice_id, g.connection_id
    FOR UPDATE OF g
)
UPDATE gates g
SET not_before = n.not_before, closed_reason = :reason, closed_at = n.closed_at,
    next_due_at = greatest(g.next_due_at, business_now(:now) + make_interval(secs => :wait_s))
FROM named n
WHERE g.practice_id = n.practice_id AND g.connection_id = n.connection_id;

-- name: open_connection
-- The first answer after a closing.
WITH d AS (
    UPDATE connections c SET breaker = NULL, closed_reason = NULL, closed_at = NULL, not_before = 'epoch'
    WHERE c.home_practice_id = :home_practice_id AND c.connection_id = :connection_id AND c.epoch = :epoch AND c.owner = :me
    RETURNING c.home_practice_id, c.connection_id
), named AS (
    SELECT g.practice_id, g.connection_id
    FROM d JOIN gates g ON g.connection_id = d.connection_id
        AND (g.practice_id = d.home_practice_id OR EXISTS (SELECT FROM practice_connections u
             WHERE u.practice_id = g.practice_id AND u.connection_id = d.connection_id
               AND u.home_practice_id = d.home_practice_id))
    ORDER BY g.practice_id, g.connection_id
    FOR UPDATE OF g
)
UPDATE gates g SET closed_reason = NULL, closed_at = NULL, not_before = 'epoch',
    next_due_at = least(g.next_due_at, business_now(:now))
FROM named n
WHERE g.practice_id = n.practice_id AND g.connection_id = n.connection_id AND g.closed_reason IS NOT NULL;

-- name: addresses
-- Every address that this program could call, for the refusal of rehearsal switches at start.
SELECT DISTINCT base_url FROM connections WHERE enabled AND base_url <> '';
