-- name: calendars
-- When these practices' offices are open, by their newest settings.
SELECT p.practice_id, s.body ->> 'zone' AS zone, s.body -> 'business_days' AS business_days, s.body -> 'holidays' AS holidays
FROM unnest(:practice_ids::text[]) AS p(practice_id)
CROSS JOIN LATERAL (SELECT body FROM settings x WHERE x.practice_id = p.practice_id ORDER BY x.version DESC LIMIT 1) s;

-- name: keep
-- How many of these are in another state than before. An older state never takes the place of a newer one; a practice
-- that the ledger does not know is left out.
WITH r AS (
    SELECT r.* FROM json_to_recordset(:stated::json) AS r(practice_id text, target text, state text, since timestamptz,
        attempts int, failed int, failure text, slow int, last_answered_at timestamptz, last_failed_at timestamptz,
        posted int, dead int, stated_at timestamptz, expires_at timestamptz, tell_at timestamptz)
    JOIN practices p ON p.practice_id = r.practice_id
), kept AS (
    INSERT INTO target_health (practice_id, target, state, since, attempts, failed, failure, slow, last_answered_at,
        last_failed_at, posted, dead, stated_at, expires_at, tell_at)
    SELECT practice_id, target, state, since, attempts, failed, failure, slow, last_answered_at,
        last_failed_at, posted, dead, stated_at, expires_at, tell_at FROM r
    ON CONFLICT (practice_id, target) DO UPDATE SET state = excluded.state, since = excluded.since,
        attempts = excluded.attempts, failed = excluded.failed, failure = excluded.failure, slow = excluded.slow,
        last_answered_at = excluded.last_answered_at, last_failed_at = excluded.last_failed_at,
        posted = excluded.posted, dead = excluded.dead, stated_at = excluded.stated_at,
        expires_at = excluded.expires_at, tell_at = excluded.tell_at
    WHERE excluded.stated_at > target_health.stated_at
)
SELECT count(*)::int FROM r LEFT JOIN target_health h ON h.practice_id = r.practice_id AND h.target = r.target
WHERE h.state IS DISTINCT FROM r.state;

-- name: unhealthy
-- What is not well and to be told; and what was told and is not known to be well again: a state that has expired ends
-- no notice (law 27). Of targets that the practice still uses.
WITH told AS (
    SELECT practice_id, target, reason FROM notices WHERE closed_at IS NULL AND starts_with(cause, 'health:') AND target IS NOT NULL
), due AS (
    SELECT practice_id, target FROM target_health WHERE tell_at <= now() AND expires_at > now()
    UNION
    SELECT t.practice_id, t.target FROM told t
    JOIN target_health h ON h.practice_id = t.practice_id AND h.target = t.target
    WHERE NOT (h.state IN ('HEALTHY', 'SILENT') AND h.expires_at > now())
)
SELECT h.practice_id, h.target, h.state, h.since, h.attempts, h.failed, h.failure, h.slow,
    (SELECT min(t.reason) FROM told t WHERE t.practice_id = h.practice_id AND t.target = h.target) AS told_as,
    EXISTS (SELECT FROM notices n WHERE n.practice_id = h.practice_id AND n.closed_at IS NULL
            AND starts_with(n.cause, 'connection:' || h.target || ':')) AS connection_told,
    -- Nothing failed since the connection was repaired, or a notice about it is or was closed so recently that the state
    -- had no time to follow.
    h.last_failed_at <= used.changed_at
        OR EXISTS (SELECT FROM notices n WHERE n.practice_id = h.practice_id
                   AND (n.closed_at IS NULL OR n.closed_at > business_now(:now) - make_interval(secs => :follows_s))
                   AND (starts_with(n.cause, 'connection:' || h.target || ':')
                        OR starts_with(n.cause, 'posting:' || h.target || ':')))
        AS lags
FROM due
JOIN target_health h ON h.practice_id = due.practice_id AND h.target = due.target
CROSS JOIN LATERAL (SELECT c.changed_at
                    FROM practice_connections p JOIN connections c USING (home_practice_id, connection_id)
                    WHERE p.practice_id = h.practice_id AND p.target = h.target OFFSET 0) used;
