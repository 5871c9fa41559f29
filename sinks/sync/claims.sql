-- Turns of practices: who reads which, and until when. Leases use now() alone; `:now` is business time (null: the
-- database's clock).

-- name: enlist
-- A stretch of the practices that have a practice system, in the order of their ids; those that are new are due at once.
-- The last id of the stretch; null: there is no more.
WITH stretch AS (
    SELECT p.practice_id FROM practice_connections p
    WHERE p.target = 'PMS' AND p.practice_id > :after
    ORDER BY p.practice_id LIMIT :most
), added AS (
    INSERT INTO mirror_practices (practice_id, due_at) SELECT practice_id, business_now(:now) FROM stretch
    ON CONFLICT DO NOTHING
)
SELECT max(practice_id) FROM stretch;

-- name: claim
-- Due practices, those first that are due longest. SKIP LOCKED never waits.
WITH due AS (
    SELECT m.practice_id FROM mirror_practices m
    WHERE m.due_at <= business_now(:now) AND m.lease_until < now()
    ORDER BY m.due_at LIMIT :free
    FOR UPDATE SKIP LOCKED
)
UPDATE mirror_practices m
SET owner = :me, epoch = m.epoch + 1, lease_until = now() + make_interval(secs => :lease_s),
    round_full = CASE WHEN m.round_at IS NULL THEN m.full_wanted ELSE m.round_full END,
    full_wanted = m.full_wanted AND m.round_at IS NOT NULL,
    round_at = coalesce(m.round_at, business_now(:now))
FROM due d
WHERE m.practice_id = d.practice_id
RETURNING m.practice_id, m.epoch, m.account, m.round_at, m.round_full, m.failures;

-- name: renew
UPDATE mirror_practices SET lease_until = now() + make_interval(secs => :lease_s)
WHERE practice_id = :practice_id AND owner = :me AND epoch = :epoch
RETURNING practice_id;

-- name: release!
-- Back to the queue: at once where the round goes on, with its next time where it has ended or failed. What a person asked
-- for meanwhile is due now. After a round references are looked at for links that make themselves.
UPDATE mirror_practices m
SET owner = NULL, lease_until = 'epoch', failures = :failures, result = :result, code = :code,
    due_at = CASE WHEN :ended AND m.full_wanted THEN business_now(:now) ELSE :due_at::timestamptz END,
    round_at = CASE WHEN :ended THEN NULL ELSE m.round_at END,
    read_at = CASE WHEN :was_read THEN business_now(:now) ELSE m.read_at END,
    links_wanted_at = CASE WHEN :ended AND :was_read
            AND (SELECT p.auto_link FROM practices p WHERE p.practice_id = m.practice_id)
        THEN now() ELSE m.links_wanted_at END
WHERE m.practice_id = :practice_id AND m.owner = :me AND m.epoch = :epoch;

-- name: give_back!
-- A turn that was cut off: whoever claims next begins at once.
UPDATE mirror_practices SET owner = NULL, lease_until = 'epoch'
WHERE practice_id = :practice_id AND owner = :me AND epoch = :epoch;

-- name: connection_of
-- A practice's system as it is connected now.
SELECT c.home_practice_id, c.connection_id, c.route, c.base_url, c.config, c.secret, c.account_fingerprint AS account,
       c.enabled, c.not_before > now() AS closed, p.sync_every AS every
FROM practices p
JOIN practice_connections u ON u.practice_id = p.practice_id AND u.target = 'PMS'
JOIN connections c ON c.home_practice_id = u.home_practice_id AND c.connection_id = u.connection_id
WHERE p.practice_id = :practice_id;

-- name: hold
-- The connection itself for one page, as a poster holds it (law 22): its limiter is shared by being one. Whatever is due to
-- be posted goes first; what has been due for longer than it gives way stands still for another reason.
UPDATE connections c
SET owner = :me, epoch = c.epoch + 1, lease_until = now() + make_interval(secs => :lease_s)
WHERE c.home_practice_id = :home_practice_id AND c.connection_id = :connection_id
  AND c.enabled AND c.not_before <= now() AND c.lease_until < now()
  AND NOT EXISTS (
      SELECT FROM gates g
      WHERE g.connection_id = c.connection_id AND g.not_before <= now()
        AND g.next_due_at <= business_now(:now)
        AND g.next_due_at > business_now(:now) - make_interval(secs => :give_way_s)
        AND (g.practice_id = c.home_practice_id OR g.practice_id IN (
             SELECT u.practice_id FROM practice_connections u
             WHERE u.home_practice_id = c.home_practice_id AND u.connection_id = c.connection_id)))
RETURNING c.epoch, c.limiter;

-- name: let_go
-- With the limiter's next start. The gates that became due meanwhile: their posters passed the connection by.
WITH mine AS (
    UPDATE connections c SET owner = NULL, lease_until = 'epoch', limiter = :limiter::jsonb
    WHERE c.home_practice_id = :home_practice_id AND c.connection_id = :connection_id AND c.owner = :me
      AND c.epoch = :epoch
    RETURNING c.home_practice_id, c.connection_id
)
SELECT pg_notify(:channel, k.practice_id)::text AS woken
FROM mine m
CROSS JOIN LATERAL (
    SELECT u.practice_id FROM practice_connections u
    WHERE u.home_practice_id = m.home_practice_id AND u.connection_id = m.connection_id LIMIT 100) k
JOIN gates g ON g.practice_id = k.practice_id AND g.connection_id = m.connection_id
WHERE g.next_due_at <= business_now(:now) AND g.not_before <= now();

-- name: overdue
-- Practices whose turn has come, up to a number, and since when the first waits.
SELECT count(*)::int AS count, coalesce(extract(epoch FROM business_now(:now) - min(d.due_at)), 0)::float8 AS oldest_s
FROM (SELECT m.due_at FROM mirror_practices m WHERE m.due_at <= business_now(:now) ORDER BY m.due_at LIMIT :most) d;
