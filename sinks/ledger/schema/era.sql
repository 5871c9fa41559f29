-- name: current_era
-- The era, and whether this is still the server that it was raised for. The timeline is in the name of the WAL file that is written now; the control file's lags behind a promotion.
SELECT e.system_id = c.system_identifier
       AND e.timeline = ('x' || lpad(left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), 16, '0'))::bit(64)::bigint AS same_server,
       e.era
FROM ledger_era e, pg_control_system() c;

-- name: begin_or_raise
-- Returns the new era; nothing when another connection was quicker.
WITH server AS (
    SELECT system_identifier AS system_id,
           ('x' || lpad(left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), 16, '0'))::bit(64)::bigint AS timeline
    FROM pg_control_system()
)
INSERT INTO ledger_era AS e (system_id, timeline, era, raised_at)
SELECT system_id, timeline, 1, business_now(:now) FROM server
ON CONFLICT (only_row) DO UPDATE
    SET system_id = EXCLUDED.system_id, timeline = EXCLUDED.timeline, era = e.era + 1, raised_at = EXCLUDED.raised_at
    WHERE (e.system_id, e.timeline) <> (EXCLUDED.system_id, EXCLUDED.timeline)
RETURNING era;

-- name: read_back_open_effects!
UPDATE work SET look_first = true WHERE NOT look_first;

-- name: note_raise!
INSERT INTO era_raises (era, raised_at, proofs, entries) VALUES (:era, business_now(:now), :proofs::text[], :entries);

-- name: standbys
SELECT current_setting('synchronous_standby_names') AS names,
       (SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')) AS connected;
