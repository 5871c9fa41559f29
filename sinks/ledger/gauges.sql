-- name: open_effects
-- What is not final, by state and age since it was due: each by its key, whatever was posted before.
SELECT target, state, currency, CASE
        WHEN age < interval '1 hour' THEN '<1h' WHEN age < interval '1 day' THEN '<1d'
        WHEN age < interval '3 days' THEN '<3d' ELSE 'older' END AS age,
    count(*) AS count, sum(amount_minor)::bigint AS minor,
    coalesce(extract(epoch FROM max(age) FILTER (WHERE is_ready(state))), 0)::float8 AS oldest_due_s,
    coalesce(extract(epoch FROM max(age)), 0)::float8 AS oldest_s
FROM (SELECT e.target, w.state, e.currency, e.amount_minor, business_now(:now) - w.due_at AS age FROM work w
      CROSS JOIN LATERAL (SELECT x.target, x.currency, x.amount_minor FROM entries x
                          WHERE x.practice_id = w.practice_id AND x.effect_id = w.effect_id OFFSET 0) e) open_ones
GROUP BY 1, 2, 3, 4;

-- name: unknown_practices
-- Practices that only events have named so far, how many of these wait, and since when.
SELECT count(DISTINCT e.practice_id) AS practices, count(*) AS events,
    coalesce(extract(epoch FROM business_now(:now) - min(e.received_at)), 0)::float8 AS oldest_s
FROM events e JOIN practices p USING (practice_id)
WHERE e.waiting = 'AWAITING_SETTINGS' AND p.added_at IS NULL;

-- name: waiting_events
-- Events without entries that wait, by what for.
SELECT waiting AS state, count(*) AS count FROM events WHERE waiting IS NOT NULL GROUP BY waiting;

-- name: payout_differences
SELECT kind, count(*) AS count FROM payout_differences WHERE ended_at IS NULL GROUP BY kind;

-- name: foreign_transaction
-- Our own connections end theirs by `transaction_timeout`; others do not, and one old snapshot slows every claim. What
-- this user may not see of others (without pg_monitor) is not counted.
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float8
FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND backend_xmin IS NOT NULL
  AND pid <> pg_backend_pid() AND NOT starts_with(application_name, 'writeback-');
