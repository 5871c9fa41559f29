-- Outcomes of calls (laws 19 and 20). Rows travel as one JSON parameter; `:now` is business time (null: the database's
-- clock).

-- name: confirm_posted
-- Positive answers: from whatever state, at any epoch (law 20), with their attempt and result rows. What a person has
-- recorded or dismissed, and what is POSTED already, stays and is left out of the answer. Where another attempt than
-- the one that is proven is still in doubt, that one is read for again when it has settled (law 19): `duplicate_check`;
-- so is what was taken back as never posted, and stands. The relay is woken at the commit.
WITH i AS (
    SELECT * FROM json_to_recordset(:items::json)
        AS i(p text, n bigint, epoch bigint, external_id text, row_id uuid, row_key text, row_value text,
             a_n int, phase text, generation int, request_id text, began_at timestamptz, ended_at timestamptz,
             answer text, code text, vendor_request_id text, late boolean, settle_s float8, settled boolean)
), taken AS (
    DELETE FROM work x USING i
    WHERE x.practice_id = i.p AND x.effect_id = i.n
      AND (NOT :fenced OR (x.epoch = i.epoch AND is_in_doubt(x.state) AND EXISTS (
           SELECT FROM gates g WHERE g.practice_id = x.practice_id AND g.connection_id = x.connection_id
             AND g.epoch = i.epoch)))
    RETURNING x.practice_id, x.effect_id, x.n, x.state, x.reason, x.planned_reason, x.holds, x.connection_id, x.due_at,
              x.ledger_date, x.generation, x.request_id, x.payload, x.payload_digest, x.placement, x.epoch, x.sent_at,
              coalesce(x.settle_until, x.sent_at + make_interval(secs => i.settle_s)) AS settle_until, x.attempts,
              x.redrives, i.external_id, i.generation AS proven_generation, i.a_n, i.phase, i.settled
), voided AS (
    -- Taken back as never posted, and it stands: nothing is left in `work`, and its next outcome says so.
    SELECT x.practice_id, x.effect_id, x.n + 1 AS n, x.state, x.reason, x.planned_reason, x.holds, x.connection_id,
           x.due_at, x.ledger_date, x.generation, x.request_id, x.payload, x.payload_digest, x.placement, x.epoch,
           x.sent_at, coalesce(x.settle_until, x.sent_at + make_interval(secs => i.settle_s)) AS settle_until,
           x.attempts, x.redrives, i.external_id, i.generation AS proven_generation, i.a_n, i.phase, i.settled
    FROM i
    CROSS JOIN LATERAL (SELECT * FROM outcomes y WHERE y.practice_id = i.p AND y.effect_id = i.n
                        ORDER BY y.n DESC LIMIT 1) x
    WHERE x.state = 'VOIDED_BEFORE_POST' AND NOT :fenced
      AND NOT EXISTS (SELECT FROM work w WHERE w.practice_id = i.p AND w.effect_id = i.n)
), proven AS (
    TABLE taken UNION ALL TABLE voided
), u AS (
    INSERT INTO outcomes (practice_id, effect_id, n, was, state, reason, holds, connection_id, due_at, ledger_date,
        generation, request_id, payload, payload_digest, placement, epoch, sent_at, settle_until, attempts, redrives,
        external_id, posted_at, changed_at)
    SELECT x.practice_id, x.effect_id, x.n, x.state, 'POSTED', coalesce(x.planned_reason, x.reason), x.holds,
        x.connection_id, x.due_at, x.ledger_date, x.generation, x.request_id, x.payload, x.payload_digest, x.placement,
        x.epoch, x.sent_at, x.settle_until, x.attempts, x.redrives, x.external_id, business_now(:now),
        business_now(:now)
    FROM proven x
    ON CONFLICT DO NOTHING
    RETURNING practice_id, effect_id
), again AS (
    INSERT INTO second_looks AS s (practice_id, effect_id, connection_id, look_at)
    SELECT x.practice_id, x.effect_id, x.connection_id,
           business_now(:now) + greatest(interval '0', x.settle_until - now())
    FROM proven x JOIN u USING (practice_id, effect_id)
    WHERE CASE x.state
          WHEN 'DEAD_LETTERED' THEN is_unsettled(x.reason)
              AND (x.reason = 'FOUND_TWICE' OR (x.generation, x.attempts) <> (x.proven_generation, x.a_n))
          WHEN 'SENDING' THEN (x.generation, x.attempts) <> (x.proven_generation, x.a_n)
          WHEN 'VOIDED_BEFORE_POST' THEN true
          ELSE is_read_back(x.state) AND x.sent_at IS NOT NULL AND CASE x.phase
              WHEN 'post' THEN (x.generation, x.attempts) <> (x.proven_generation, x.a_n)
              ELSE NOT x.settled AND (x.attempts > 1 OR x.generation > 1) END
          END
    ON CONFLICT (practice_id, effect_id) DO UPDATE SET look_at = EXCLUDED.look_at
    RETURNING s.practice_id, s.effect_id
), a AS (
    INSERT INTO attempts (practice_id, month, effect_id, n, phase, epoch, generation, request_id, began_at, ended_at,
                          answer, code, external_ids, vendor_request_id, late)
    SELECT p, date_trunc('month', ended_at)::date, n, a_n, phase, epoch, generation, request_id, began_at, ended_at,
           answer, code, ARRAY[external_id], vendor_request_id, late
    FROM i
    ON CONFLICT DO NOTHING
), o AS (
    INSERT INTO outbox (practice_id, id, topic, key, value)
    SELECT u.practice_id, i.row_id, :results_topic, decode(i.row_key, 'base64'), decode(i.row_value, 'base64')
    FROM u JOIN i ON i.p = u.practice_id AND i.n = u.effect_id
)
SELECT u.practice_id, u.effect_id, EXISTS (
    SELECT FROM again s WHERE s.practice_id = u.practice_id AND s.effect_id = u.effect_id) AS check_again
FROM u CROSS JOIN (SELECT pg_notify('writeback_outbox', '') OFFSET 0) AS woken;

-- name: stands_already
-- Positive answers that `confirm_posted` left out: posted before, or handled by a person.
SELECT practice_id, effect_id, state, external_id FROM effects
WHERE (practice_id, effect_id) IN (SELECT * FROM unnest(:practice_ids::text[], :effect_ids::bigint[]));

-- name: confirm_others
-- Every other verdict: fenced by the epoch of the mark and by the state it was made for; one that a read-back proved
-- absent, also by the gate's epoch and owner: a claim that a crash took back was given again (laws 19, 20).
WITH i AS (
    SELECT * FROM json_to_recordset(:items::json)
        AS i(p text, c text, n bigint, from_state text, to_state text, reason text, mark_epoch bigint, epoch bigint,
             by_gate boolean, due_in_s float8, until_settled boolean, settle_s float8, gives_back boolean,
             clears_look_first boolean, failed boolean, a_n int, phase text, generation int, request_id text,
             began_at timestamptz, ended_at timestamptz, answer text, scope text, code text, external_ids text[],
             vendor_request_id text, late boolean)
), g AS (
    SELECT g.practice_id, g.connection_id, g.epoch FROM gates g
    WHERE (g.practice_id, g.connection_id) IN (SELECT p, c FROM i WHERE by_gate) AND g.owner = :me
    ORDER BY g.practice_id, g.connection_id
    FOR SHARE
), u AS (
    UPDATE work x
    SET state = i.to_state, reason = coalesce(i.reason, x.reason),
        planned_reason = CASE WHEN i.reason IS NULL THEN x.planned_reason ELSE coalesce(x.planned_reason, x.reason) END,
        settle_until = CASE WHEN i.settle_s IS NULL THEN x.settle_until
                            ELSE x.sent_at + make_interval(secs => i.settle_s) END,
        due_at = CASE WHEN i.until_settled
                      THEN business_now(:now) + greatest(x.settle_until - now(), interval '0')
                      WHEN i.due_in_s IS NULL THEN x.due_at
                      ELSE business_now(:now) + make_interval(secs => i.due_in_s) END,
        attempts = x.attempts - CASE WHEN i.gives_back THEN 1 ELSE 0 END,
        look_first = x.look_first AND NOT i.clears_look_first,
        failing_since = CASE WHEN i.failed THEN coalesce(x.failing_since, business_now(:now))
                             ELSE x.failing_since END,
        last_code = coalesce(i.code, x.last_code), changed_at = business_now(:now)
    FROM i
    WHERE x.practice_id = i.p AND x.effect_id = i.n
      AND ((x.state = i.from_state AND x.epoch = i.mark_epoch
            AND (NOT i.by_gate OR EXISTS (SELECT FROM g
                 WHERE g.practice_id = i.p AND g.connection_id = i.c AND g.epoch = i.epoch)))
           OR (:unfenced AND x.state = 'SENDING'))
    RETURNING x.practice_id, x.effect_id
), a AS (
    INSERT INTO attempts (practice_id, month, effect_id, n, phase, epoch, generation, request_id, began_at, ended_at,
                          answer, scope, reason, code, external_ids, vendor_request_id, late)
    SELECT p, date_trunc('month', ended_at)::date, n, a_n, phase, epoch, generation, request_id, began_at, ended_at,
           answer, scope, reason, code, coalesce(external_ids, '{}'), vendor_request_id, late
    FROM i
    ON CONFLICT DO NOTHING
)
SELECT practice_id, effect_id FROM u;
