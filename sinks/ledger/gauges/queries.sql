-- name: open_effects
-- What is not final, by state and by the time since its event came in: each by its key, whatever was posted before.
-- Retries change when an entry is due, and not when it came in.
SELECT target, state, currency, CASE
        WHEN age < interval '1 hour' THEN '<1h' WHEN age < interval '1 day' THEN '<1d'
        WHEN age < interval '3 days' THEN '<3d' ELSE 'older' END AS age,
    count(*) AS count, sum(amount_minor)::bigint AS minor,
    greatest(coalesce(extract(epoch FROM max(due_for) FILTER (WHERE is_ready(state))), 0), 0)::float8 AS oldest_due_s,
    greatest(extract(epoch FROM max(age)), 0)::float8 AS oldest_s
FROM (SELECT e.target, w.state, e.currency, e.amount_minor, business_now(:now) - v.received_at AS age,
          business_now(:now) - w.due_at AS due_for
      FROM work w
      CROSS JOIN LATERAL (SELECT x.target, x.currency, x.amount_minor, x.source, x.event_id FROM entries x
                          WHERE x.practice_id = w.practice_id AND x.effect_id = w.effect_id OFFSET 0) e
      CROSS JOIN LATERAL (SELECT y.received_at FROM events y WHERE y.practice_id = w.practice_id
                          AND y.source = e.source AND y.event_id = e.event_id OFFSET 0) v) open_ones
GROUP BY 1, 2, 3, 4;

-- name: waiting_events
-- Events without entries that wait, by what for, and since when the oldest does.
SELECT waiting AS state, count(*) AS count,
    greatest(extract(epoch FROM business_now(:now) - min(received_at)), 0)::float8 AS oldest_s
FROM events WHERE waiting IS NOT NULL GROUP BY waiting;

-- name: practices_behind
-- Practices with most entries that are dead, or that a poster should have sent or read by now.
SELECT w.practice_id, count(*)::int AS count, count(*) FILTER (WHERE is_dead(w.state))::int AS dead,
    extract(epoch FROM max(business_now(:now)
        - CASE WHEN is_dead(w.state) THEN w.changed_at ELSE least(w.failing_since, w.due_at) END))::float8 AS oldest_s
FROM work w
WHERE is_dead(w.state)
   OR (is_poster_due(w.state) AND least(w.failing_since, w.due_at) < business_now(:now) - :overdue::interval)
GROUP BY w.practice_id ORDER BY count(*) DESC, w.practice_id LIMIT :most;

-- name: practices
SELECT count(*) FROM practices WHERE added_at IS NOT NULL;

-- name: practices_waiting_long
-- Of how many practices something has waited for `long`, by what it is: each practice once, whatever it has of it.
SELECT 'DEAD_LETTERS' AS what, count(DISTINCT practice_id) AS practices
FROM dead_letters WHERE settled_at IS NULL AND stored_at < business_now(:now) - :long::interval
UNION ALL
SELECT state, count(DISTINCT practice_id)
FROM (SELECT state, practice_id FROM work
      WHERE state = ANY(:states::text[]) AND changed_at < business_now(:now) - :long::interval
      UNION ALL
      SELECT waiting, practice_id FROM events
      WHERE waiting = ANY(:states::text[]) AND received_at < business_now(:now) - :long::interval) held
GROUP BY state;

-- name: unknown_practices
-- Practices that only events have named so far, how many of these wait, and since when.
SELECT count(DISTINCT e.practice_id) AS practices, count(*) AS events,
    coalesce(extract(epoch FROM business_now(:now) - min(e.received_at)), 0)::float8 AS oldest_s
FROM events e JOIN practices p USING (practice_id)
WHERE e.waiting = 'AWAITING_SETTINGS' AND p.added_at IS NULL;

-- name: silence
-- Of how many targets of practices it is known how often something is reported, of how many nothing is any more, and
-- of how many that is so since lately.
SELECT target, count(usual)::int AS known, count(silent_since)::int AS silent,
    (count(*) FILTER (WHERE silent_since > business_now(:now) - :lately::interval))::int AS lately
FROM upstream_silence GROUP BY target;

-- name: payout_differences
-- Those that nobody has ended, what they come to without signs, and how many were found before a day.
SELECT kind, currency, count(*) AS count,
    sum(abs(coalesce(paid_minor, 0) - coalesce(reported_minor, 0)))::bigint AS minor,
    count(*) FILTER (WHERE found_at < :overdue_before) AS overdue
FROM payout_differences WHERE ended_at IS NULL GROUP BY kind, currency;

-- name: closed_connections
-- Each practice whose connection, or whose own gate at it, is closed now.
SELECT c.route, coalesce(c.closed_reason, g.closed_reason) AS reason, count(*) AS count,
    coalesce(extract(epoch FROM now() - min(coalesce(c.closed_at, g.closed_at))), 0)::float8 AS oldest_s
FROM (SELECT u.practice_id, u.connection_id FROM connections x
      JOIN practice_connections u USING (home_practice_id, connection_id) WHERE x.closed_reason IS NOT NULL
      UNION
      SELECT x.practice_id, x.connection_id FROM gates x WHERE x.closed_reason IS NOT NULL) k
JOIN practice_connections pc ON pc.practice_id = k.practice_id AND pc.connection_id = k.connection_id
JOIN connections c ON c.home_practice_id = pc.home_practice_id AND c.connection_id = pc.connection_id
LEFT JOIN gates g ON g.practice_id = pc.practice_id AND g.connection_id = pc.connection_id
GROUP BY 1, 2;

-- name: connections_in_use
SELECT c.route, count(*) AS count
FROM practice_connections pc JOIN connections c USING (home_practice_id, connection_id) WHERE c.enabled GROUP BY c.route;

-- name: token_days
-- The first access of a connection in use that ends. Machine time: the vendor counts by it.
SELECT extract(epoch FROM secret_until - now())::float8 / 86400 FROM connections
WHERE secret_until IS NOT NULL AND enabled ORDER BY secret_until LIMIT 1;

-- name: tokens_ending
SELECT count(*) FROM connections
WHERE secret_until IS NOT NULL AND enabled AND secret_until < now() + make_interval(days => :within_days);

-- name: foreign_transaction
-- Our own connections end theirs by `transaction_timeout`; others do not, and one old snapshot slows every claim. What
-- this user may not see of others (without pg_monitor) is not counted.
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float8
FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND backend_xmin IS NOT NULL
  AND pid <> pg_backend_pid() AND NOT starts_with(application_name, 'writeback-');

-- name: database
SELECT pg_database_size(current_database()) AS bytes,
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
    current_setting('max_connections')::int AS connections_most,
    (SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')) AS standbys;
