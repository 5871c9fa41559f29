-- What `writeback doctor` asks beside the queries of `lag`.

-- name: clock
SELECT extract(epoch FROM clock_timestamp())::float8;

-- name: credentials_ending
-- Accesses of connections in use that end within some days. Machine time: the vendor counts by it.
SELECT home_practice_id AS practice_id, route, extract(epoch FROM secret_until - now())::float8 / 86400 AS days_left
FROM connections
WHERE secret_until IS NOT NULL AND enabled AND secret_until < now() + make_interval(days => :within_days)
ORDER BY secret_until LIMIT :most;

-- name: wrong_mappings
-- Entries that only another mapping lets go: of `looked_at` entries at most.
SELECT w.practice_id, c.route, w.reason, count(*)::int AS entries
FROM (SELECT practice_id, connection_id, reason, changed_at FROM work
      WHERE state = 'INVALID_CONFIG' AND reason = ANY(:reasons::text[])
      ORDER BY practice_id LIMIT :looked_at) w
LEFT JOIN practice_connections p ON p.practice_id = w.practice_id AND p.connection_id = w.connection_id
LEFT JOIN connections c ON c.home_practice_id = p.home_practice_id AND c.connection_id = p.connection_id
GROUP BY w.practice_id, c.route, w.reason ORDER BY min(w.changed_at), w.practice_id LIMIT :most;

-- name: stuck_gates
-- Gates that are open and overdue, of the `most` that have been due for longest.
SELECT g.practice_id, extract(epoch FROM business_now(:now) - g.next_due_at)::float8 AS due_for_s,
    g.owner IS NOT NULL AND g.lease_until > now() AS claimed
FROM (SELECT * FROM gates WHERE next_due_at <= business_now(:now) - :overdue::interval
      ORDER BY next_due_at LIMIT :most) g
WHERE g.closed_reason IS NULL AND g.not_before <= now()
  AND NOT EXISTS (SELECT FROM practice_connections p
                  JOIN connections c ON c.home_practice_id = p.home_practice_id AND c.connection_id = p.connection_id
                  WHERE p.practice_id = g.practice_id AND p.connection_id = g.connection_id
                    AND (c.closed_reason IS NOT NULL OR c.not_before > now() OR NOT c.enabled) OFFSET 0)
ORDER BY g.next_due_at;

-- name: stops
-- Roles that refused to go on and were not started since. Of those that take no slot in the ledger, a stop counts for a while: what starts them again meets it again, or it is over.
SELECT p.role, p.slot, p.reason, p.stopped_at
FROM role_stops p LEFT JOIN role_slots s ON s.role = p.role AND s.slot = p.slot
WHERE CASE WHEN s.role IS NULL THEN p.stopped_at > business_now(:now) - interval '1 hour' ELSE s.since < p.stopped_at END
ORDER BY p.stopped_at DESC LIMIT :most;

-- name: standbys
-- Without pg_monitor the server shows that there are standbys, and nothing else of them.
SELECT current_setting('synchronous_standby_names') AS names,
       count(r.pid) FILTER (WHERE r.sync_state IN ('sync', 'quorum')) AS synchronous,
       :accepted::boolean AS accepted,
       coalesce(bool_or(r.pid IS NOT NULL AND r.state IS NULL), false) AS hidden,
       max(pg_wal_lsn_diff(CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_insert_lsn() END, r.flush_lsn))::float8 AS behind_bytes,
       max(extract(epoch FROM r.flush_lag))::float8 AS behind_s
FROM (SELECT) one LEFT JOIN pg_stat_replication r ON true;
