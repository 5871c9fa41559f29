-- name: stamp
-- How far the ledger is, of what no crash takes back.
SELECT era, system_id, timeline, (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint AS lsn FROM ledger_era;

-- name: server
-- The running server and the database: a database that is set back is another server process, or another database.
SELECT pg_postmaster_start_time() AS started_at, d.oid::bigint AS database_oid, d.datname::text AS database_name,
       c.system_identifier AS system_id
FROM pg_database d, pg_control_system() c WHERE d.datname = current_database();

-- name: lock_era
SELECT era FROM ledger_era FOR UPDATE;

-- name: evidence
-- Each kind alone proves that the database was set back. An offset counts once (`era_raised_to`). A stamp counts while the
-- ledger is in its era or in an earlier one. A mark is known by its row of `work`, which keeps its epoch, or by the
-- outcome that ended it.
WITH committed AS (
    SELECT * FROM unnest(:topics::text[], :topic_ids::text[], :parts::int[], :offsets::bigint[])
        AS c(topic, topic_id, part, next_offset)
), stamps AS (
    SELECT * FROM unnest(:eras::int[], :system_ids::bigint[], :timelines::bigint[], :lsns::bigint[])
        AS s(era, system_id, timeline, lsn)
)
SELECT e.era,
       EXISTS (
           SELECT FROM committed c LEFT JOIN intake_offsets o USING (topic_id, part)
           WHERE c.next_offset > greatest(o.next_offset, o.era_raised_to)
              OR (o.topic_id IS NULL AND c.next_offset > 0
                  AND NOT EXISTS (SELECT FROM topic_partitions t WHERE t.topic = c.topic))) AS behind_offsets,
       EXISTS (
           SELECT FROM stamps s
           WHERE s.era > e.era
              OR ((s.era, s.system_id, s.timeline) = (e.era, e.system_id, e.timeline)
                  AND s.lsn > pg_current_wal_insert_lsn() - '0/0'::pg_lsn)) AS behind_stamps,
       :mark_era::int >= e.era
           AND NOT EXISTS (SELECT FROM work w WHERE w.practice_id = :practice_id::text
                           AND w.effect_id = :effect_id::bigint AND w.epoch >= :epoch::bigint)
           AND NOT EXISTS (SELECT FROM outcomes o WHERE o.practice_id = :practice_id::text
                           AND o.effect_id = :effect_id::bigint) AS behind_mark
FROM ledger_era e;

-- name: raise
UPDATE ledger_era SET era = greatest(era, :least::int) + 1, raised_at = business_now(:now) RETURNING era;

-- name: raised_for!
UPDATE intake_offsets o SET era_raised_to = c.next_offset
FROM unnest(:topic_ids::text[], :parts::int[], :offsets::bigint[]) AS c(topic_id, part, next_offset)
WHERE o.topic_id = c.topic_id AND o.part = c.part AND c.next_offset > o.next_offset;

-- name: open_effects
-- Those that a raised era would have read back first, and are not yet.
SELECT count(*) FROM work WHERE NOT look_first;
