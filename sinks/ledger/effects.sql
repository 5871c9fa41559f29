-- Entries as the practice's lock holder reads and changes them. Nothing else outside the poster changes their state.

-- name: lock_work
-- In the order of their ids, as everybody who locks several. What is finished has no row and needs no lock: its outcome
-- is never changed, and a second one for the same number is refused.
SELECT effect_id FROM work
WHERE practice_id = :practice_id AND effect_id = ANY(:effect_ids::bigint[])
ORDER BY effect_id FOR NO KEY UPDATE;

-- name: read_effects
-- In a later statement than the locks: what a poster finished meanwhile is seen as finished.
SELECT e.practice_id, e.effect_id, e.source, e.event_id, v.subject, e.target, e.entry_kind, e.part, e.connection_id,
       e.depends_on, e.state, e.reason, e.planned_reason, e.holds, e.due_at, e.amount_minor, e.currency,
       e.settings_version, e.generation, e.look_first, e.sent_at, e.attempts, e.redrives, e.changed_at
FROM effects e JOIN events v USING (practice_id, source, event_id)
WHERE e.practice_id = :practice_id AND e.effect_id = ANY(:effect_ids::bigint[])
ORDER BY e.effect_id;

-- name: move_effects
-- Only from the state in which an entry was found; what a move does not name stays. Work stays work, or ends as the
-- outcome of its number; what was finished is reopened as work of the next number, or gets one more outcome. The database
-- refuses a pair of states that the table of transitions does not have. Answers one row per entry that moved.
WITH k AS (
    SELECT * FROM json_to_recordset(:moves::json)
        AS k(practice_id text, effect_id bigint, was text, state text, reason text, holds text[], due_at timestamptz,
             connection_id text, depends_on bigint, look_first boolean, generation int, request_id text, attempts int,
             redrives int, clears text[])
), next AS MATERIALIZED (
    SELECT e.practice_id, e.effect_id, e.unfinished, e.n, e.lane, e.patient_ref, e.state AS was, k.state,
           coalesce(k.reason, e.reason) AS reason,
           CASE WHEN 'planned_reason' = ANY(k.clears) THEN NULL ELSE e.planned_reason END AS planned_reason,
           coalesce(k.holds, e.holds) AS holds,
           coalesce(k.due_at, e.due_at) AS due_at,
           coalesce(k.connection_id, e.connection_id) AS connection_id,
           CASE WHEN 'depends_on' = ANY(k.clears) THEN NULL ELSE coalesce(k.depends_on, e.depends_on) END AS depends_on,
           e.depends_on AS depended_on,
           e.ledger_date,
           coalesce(k.look_first, e.look_first) AS look_first,
           coalesce(k.generation, e.generation) AS generation,
           coalesce(k.request_id, e.request_id) AS request_id,
           CASE WHEN 'payload' = ANY(k.clears) THEN NULL ELSE e.payload END AS payload,
           CASE WHEN 'payload' = ANY(k.clears) THEN NULL ELSE e.payload_digest END AS payload_digest,
           CASE WHEN 'placement' = ANY(k.clears) THEN NULL ELSE e.placement END AS placement,
           e.epoch, e.sent_at, e.settle_until,
           CASE WHEN 'failing_since' = ANY(k.clears) THEN NULL ELSE e.failing_since END AS failing_since,
           coalesce(k.attempts, e.attempts) AS attempts,
           e.last_code,
           coalesce(k.redrives, e.redrives) AS redrives
    FROM k
    CROSS JOIN LATERAL (SELECT * FROM effects x
                        WHERE x.practice_id = k.practice_id AND x.effect_id = k.effect_id OFFSET 0) e
    WHERE e.state = k.was
), worked AS (
    UPDATE work w
    SET state = x.state, reason = x.reason, planned_reason = x.planned_reason, holds = x.holds, due_at = x.due_at,
        connection_id = x.connection_id, depends_on = x.depends_on, look_first = x.look_first,
        generation = x.generation, request_id = x.request_id, payload = x.payload, payload_digest = x.payload_digest,
        placement = x.placement, failing_since = x.failing_since, attempts = x.attempts, redrives = x.redrives, changed_at = :at
    FROM next x
    WHERE w.practice_id = x.practice_id AND w.effect_id = x.effect_id AND x.unfinished AND NOT is_final(x.state)
    RETURNING w.practice_id, w.effect_id
), done AS (
    DELETE FROM work w USING next x
    WHERE w.practice_id = x.practice_id AND w.effect_id = x.effect_id AND x.unfinished AND is_final(x.state)
), reopened AS (
    INSERT INTO work (practice_id, effect_id, n, connection_id, lane, depends_on, patient_ref, state, reopened_from,
        reason, planned_reason, holds, due_at, ledger_date, generation, request_id, payload, payload_digest, placement,
        epoch, sent_at, settle_until, look_first, attempts, failing_since, last_code, redrives, changed_at)
    SELECT practice_id, effect_id, n + 1, connection_id, lane, depends_on, patient_ref, state, was, reason,
        planned_reason, holds, due_at, ledger_date, generation, request_id, payload, payload_digest, placement, epoch,
        sent_at, settle_until, look_first, attempts, failing_since, last_code, redrives, :at
    FROM next WHERE NOT unfinished AND NOT is_final(state)
    RETURNING practice_id, effect_id
), ended AS (
    INSERT INTO outcomes (practice_id, effect_id, n, was, state, reason, planned_reason, holds, connection_id, due_at,
        ledger_date, generation, request_id, payload, payload_digest, placement, epoch, sent_at, settle_until,
        look_first, attempts, failing_since, last_code, redrives, changed_at)
    SELECT practice_id, effect_id, CASE WHEN unfinished THEN n ELSE n + 1 END, was, state, reason, planned_reason,
        holds, connection_id, due_at, ledger_date, generation, request_id, payload, payload_digest, placement, epoch,
        sent_at, settle_until, look_first, attempts, failing_since, last_code, redrives, :at
    FROM next WHERE is_final(state)
    RETURNING practice_id, effect_id
), redirected AS (
    UPDATE entries e SET depends_on = x.depends_on FROM next x
    WHERE e.practice_id = x.practice_id AND e.effect_id = x.effect_id AND x.depends_on IS DISTINCT FROM x.depended_on
)
SELECT practice_id, effect_id FROM worked
UNION ALL SELECT practice_id, effect_id FROM reopened
UNION ALL SELECT practice_id, effect_id FROM ended;

-- name: instant
-- The wall clock and not the transaction's: it may have waited for the lock (law 15).
SELECT coalesce(:now::timestamptz, clock_timestamp());
