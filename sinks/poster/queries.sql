-- Statements of the poster. Rows travel as one JSON parameter: one statement serves many gates and many effects, and
-- costs the client one encoding. `:now` is business time (null: the database's clock); leases use now() alone.
-- OFFSET 0 and MATERIALIZED hold joins to one look-up by key for each row: nothing else says how many rows a JSON has,
-- and a planner that guesses reads a whole practice instead.

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
), doors AS (
    SELECT c.home_practice_id, c.connection_id
    FROM connections c
    WHERE (c.home_practice_id, c.connection_id) IN (SELECT home, connection_id FROM due)
      AND c.not_before <= now() AND (c.owner = :me OR c.lease_until < now())
    FOR UPDATE SKIP LOCKED
), opened AS (
    UPDATE connections c
    SET owner = :me, epoch = c.epoch + 1,
        lease_until = greatest(c.lease_until, now() + make_interval(secs => r.lease_s))
    FROM doors d, routes r
    WHERE c.home_practice_id = d.home_practice_id AND c.connection_id = d.connection_id
      AND r.route = CASE WHEN c.route IN (SELECT route FROM routes) THEN c.route ELSE :other_route END
    RETURNING c.home_practice_id, c.connection_id, c.epoch, c.route, c.target, c.changed_at, c.limiter, c.breaker,
              r.lease_s
)
UPDATE gates g
SET owner = :me, epoch = g.epoch + 1, lease_until = now() + make_interval(secs => o.lease_s)
FROM due d
JOIN opened o ON o.home_practice_id = d.home AND o.connection_id = d.connection_id
WHERE g.practice_id = d.practice_id AND g.connection_id = d.connection_id
RETURNING g.practice_id, g.connection_id, g.epoch, o.home_practice_id, o.epoch AS door_epoch, o.route, o.target,
          o.changed_at, o.limiter, o.breaker,
          EXISTS (SELECT FROM effects e WHERE e.practice_id = g.practice_id AND e.connection_id = g.connection_id
                  AND e.second_look_at <= business_now(:now)) AS second_looks;

-- name: load_connection
SELECT home_practice_id, connection_id, route, base_url, config, secret, changed_at
FROM connections WHERE home_practice_id = :home AND connection_id = :connection_id;

-- name: settle_marks
-- What earlier owners marked and never confirmed is in doubt (law 16, PROTOCOL section 2). Due at once: presence can be proven
-- before `settle_until`, absence not (law 19).
WITH i AS (
    SELECT * FROM json_to_recordset(:gates::json) AS i(p text, c text, e bigint, settle_s float8)
)
UPDATE effects x
SET state = 'UNCERTAIN', settle_until = x.sent_at + make_interval(secs => i.settle_s),
    due_at = business_now(:now), changed_at = business_now(:now)
FROM i
WHERE x.practice_id = i.p AND x.connection_id = i.c AND x.state = 'SENDING' AND x.epoch < i.e
RETURNING x.practice_id, x.effect_id, x.target;

-- name: plan
-- Of each gate: what could be marked from now on, in order of id, with what depends on it (N-8), and what can be read
-- back. Only a plan: the mark looks again. It walks the entries in order and stops at the last that is wanted, so a plan
-- costs what it brings and not what waits behind; a lane is looked up for each, and nothing of one that stands still.
SELECT e.practice_id, e.connection_id, e.effect_id, e.source, e.event_id, n.subject, e.target, e.entry_kind, e.part,
       e.lane, e.depends_on, e.depends_on IS NULL OR coalesce(o.state = 'POSTED', false) AS origin_posted,
       e.state, e.reason, e.look_first, e.generation, e.request_id, e.payload, e.attempts, e.epoch, e.sent_at,
       coalesce(e.settle_until <= now(), false) AS settled,
       coalesce(e.settle_until < now() - make_interval(secs => :budget_s), false) AS aged,
       e.settings_version, e.instruction::text, e.amount_minor, e.currency, e.ledger_date, l.pms_patient_id,
       f.version, f.master, f.calendar, f.connected, o.external_id, o.payload, e.placement::text,
       f.moved AND o.state IS NOT DISTINCT FROM 'POSTED' AND sent_elsewhere(k.p, k.c, o.sent_at) AS origin_elsewhere
FROM json_to_recordset(:gates::json) AS k(p text, c text, home text, most int)
LEFT JOIN LATERAL settings_in_force(k.p, business_now(:now)) s ON true
CROSS JOIN LATERAL (
    SELECT s.version, coalesce(master_is_on(s.body), false) AS master,
           jsonb_build_object('zone', s.body -> 'zone', 'blackouts', s.body -> 'blackouts',
                              'closed_period', s.body -> 'closed_period',
                              'closed_through', s.body -> 'ledger_closed_through')::text AS calendar,
           EXISTS (SELECT FROM practice_connections u
                   JOIN connections c ON c.home_practice_id = u.home_practice_id AND c.connection_id = u.connection_id
                   WHERE u.practice_id = k.p AND u.connection_id = k.c AND u.home_practice_id = k.home
                     AND c.enabled) AS connected,
           EXISTS (SELECT FROM connection_accounts a
                   WHERE a.home_practice_id = k.home AND a.connection_id = k.c) AS moved
    OFFSET 0) f
CROSS JOIN LATERAL (
    WITH reads AS (
        SELECT e.effect_id FROM effects e
        WHERE e.practice_id = k.p AND e.connection_id = k.c AND is_read_back(e.state)
          AND e.due_at <= business_now(:now)
        ORDER BY e.effect_id LIMIT k.most
    ), heads AS (
        SELECT e.effect_id FROM effects e
        WHERE e.practice_id = k.p AND e.connection_id = k.c AND is_ready(e.state)
          AND e.due_at <= business_now(:now)
          AND (e.depends_on IS NULL OR EXISTS (
               SELECT FROM effects o WHERE o.practice_id = k.p AND o.effect_id = e.depends_on
                 AND (o.state = 'POSTED' OR (o.connection_id = e.connection_id AND o.lane = e.lane
                      AND o.effect_id < e.effect_id AND is_ready(o.state)
                      AND o.due_at <= business_now(:now)))))
          AND NOT EXISTS (
               SELECT FROM effects d WHERE d.practice_id = k.p AND d.connection_id = k.c AND d.lane = e.lane
                 AND is_in_doubt(d.state) OFFSET 0)
          AND NOT EXISTS (
               SELECT FROM effects b WHERE b.practice_id = k.p AND b.connection_id = k.c AND b.lane = e.lane
                 AND b.effect_id < e.effect_id
                 AND is_in_lane(b.state)
                 AND (e.look_first OR b.look_first
                      OR (b.state = 'RETRYING' AND b.due_at > business_now(:now)))
                 AND (b.state = 'RETRYING' OR b.due_at <= business_now(:now))
                 AND (b.depends_on IS NULL OR EXISTS (
                      SELECT FROM effects o WHERE o.practice_id = k.p AND o.effect_id = b.depends_on
                        AND (o.state = 'POSTED' OR (o.connection_id = b.connection_id AND o.lane = b.lane
                             AND o.effect_id < b.effect_id AND is_ready(o.state)
                             AND o.due_at <= business_now(:now)))))
               OFFSET 0)
        ORDER BY e.effect_id LIMIT k.most
    ), chosen AS MATERIALIZED (
        SELECT effect_id FROM (TABLE reads UNION ALL TABLE heads) c ORDER BY effect_id LIMIT k.most
    )
    SELECT effect_id FROM chosen
    UNION
    SELECT d.effect_id FROM chosen c
    CROSS JOIN LATERAL (
        SELECT d.effect_id FROM effects d, effects o
        WHERE d.practice_id = k.p AND d.depends_on = c.effect_id AND d.connection_id = k.c
          AND is_ready(d.state) AND d.due_at <= business_now(:now)
          AND NOT d.look_first AND o.practice_id = k.p AND o.effect_id = c.effect_id
          AND o.lane = d.lane AND o.effect_id < d.effect_id AND is_ready(o.state)
        OFFSET 0) d
) w
CROSS JOIN LATERAL (SELECT * FROM effects x WHERE x.practice_id = k.p AND x.effect_id = w.effect_id OFFSET 0) e
LEFT JOIN LATERAL (
    SELECT r.state, r.external_id, coalesce(r.sent_at, r.posted_at) AS sent_at,
           CASE WHEN e.target = 'QUICKBOOKS' OR r.state = 'POSTED' THEN r.payload END AS payload
    FROM effects r
    WHERE r.practice_id = k.p AND r.effect_id = e.depends_on OFFSET 0) o ON true
CROSS JOIN LATERAL (
    SELECT v.subject FROM events v
    WHERE v.practice_id = k.p AND v.source = e.source AND v.event_id = e.event_id OFFSET 0) n
LEFT JOIN LATERAL (
    SELECT u.pms_patient_id FROM patient_links u
    WHERE u.practice_id = k.p AND u.patient_ref = e.patient_ref OFFSET 0) l ON true
ORDER BY e.practice_id, e.connection_id, e.effect_id;

-- name: mark
-- SENDING, committed before the first byte (law 16), for calls that start now. Four devices: the gate is still ours and
-- its lease outlasts the call (law 20), settings and connection are as they were checked (law 24), nothing stands before
-- it in its lane (law 23), and the row's state is tested again when it is written (PROTOCOL section 2).
WITH g AS (
    SELECT g.practice_id, g.connection_id, g.epoch, k.items
    FROM json_to_recordset(:gates::json)
        AS k(p text, c text, e bigint, need_s float8, version int, items json)
    JOIN gates g ON g.practice_id = k.p AND g.connection_id = k.c
    WHERE g.epoch = k.e AND g.owner = :me AND g.lease_until > now() + make_interval(secs => k.need_s)
      AND k.version IS NOT DISTINCT FROM (SELECT v.version FROM settings_in_force(k.p, business_now(:now)) v)
      AND EXISTS (SELECT FROM practice_connections u
          JOIN connections c ON c.home_practice_id = u.home_practice_id AND c.connection_id = u.connection_id
          WHERE u.practice_id = k.p AND u.connection_id = k.c AND c.enabled)
    ORDER BY g.practice_id, g.connection_id
    FOR SHARE OF g
), h AS MATERIALIZED (
    SELECT g.practice_id AS p, g.epoch, i.*
    FROM g
    CROSS JOIN LATERAL json_to_recordset(g.items)
        AS i(n bigint, generation int, request_id text, payload text, digest text, ledger_date date)
    CROSS JOIN LATERAL (SELECT * FROM effects f WHERE f.practice_id = g.practice_id AND f.effect_id = i.n OFFSET 0) e
    WHERE is_ready(e.state) AND NOT e.look_first
      AND e.due_at <= business_now(:now)
      AND (e.depends_on IS NULL OR EXISTS (SELECT FROM effects o WHERE o.practice_id = e.practice_id
           AND o.effect_id = e.depends_on AND o.state = 'POSTED'))
      AND NOT EXISTS (
          SELECT FROM lane_before(e.practice_id, e.connection_id, e.lane, e.effect_id, business_now(:now)) OFFSET 0)
)
UPDATE effects x
SET state = 'SENDING', epoch = h.epoch, sent_at = now(), attempts = x.attempts + 1, generation = h.generation,
    request_id = h.request_id, payload = decode(h.payload, 'base64'), payload_digest = decode(h.digest, 'base64'),
    ledger_date = h.ledger_date, settle_until = NULL, changed_at = business_now(:now)
FROM h
WHERE x.practice_id = h.p AND x.effect_id = h.n
  AND (is_ready(x.state) OR :skip_state_test) AND NOT x.look_first
RETURNING x.practice_id, x.effect_id, x.attempts;

-- name: look_first
-- Read back before any send (law 4). `sent_at` may be null.
WITH i AS (
    SELECT * FROM json_to_recordset(:items::json) AS i(p text, c text, n bigint, e bigint, settle_s float8)
), g AS (
    SELECT g.practice_id, g.connection_id FROM gates g
    WHERE (g.practice_id, g.connection_id, g.epoch) IN (SELECT p, c, e FROM i) AND g.owner = :me
    ORDER BY g.practice_id, g.connection_id
    FOR SHARE
)
UPDATE effects x
SET state = 'UNCERTAIN', epoch = i.e, settle_until = now() + make_interval(secs => i.settle_s),
    due_at = business_now(:now), changed_at = business_now(:now)
FROM i JOIN g ON g.practice_id = i.p AND g.connection_id = i.c
WHERE x.practice_id = i.p AND x.effect_id = i.n AND is_ready(x.state) AND x.look_first
RETURNING x.practice_id, x.effect_id;

-- name: confirm_posted
-- Positive answers: from whatever state, at any epoch (law 20), with their attempt and result rows. What a person has
-- recorded or dismissed, and what is POSTED already, stays and is left out of the answer. Where another attempt than
-- the one that is proven is still in doubt, that one is looked for when it has settled (law 19): `looking_twice`; so is
-- what was taken back as never posted, and stands.
WITH i AS (
    SELECT * FROM json_to_recordset(:items::json)
        AS i(p text, n bigint, epoch bigint, external_id text, row_id uuid, row_key text, row_value text,
             a_n int, phase text, generation int, request_id text, began_at timestamptz, ended_at timestamptz,
             answer text, code text, vendor_request_id text, late boolean, settle_s float8, settled boolean)
), u AS (
    UPDATE effects x
    SET state = 'POSTED', external_id = i.external_id, posted_at = business_now(:now),
        settle_until = coalesce(x.settle_until, x.sent_at + make_interval(secs => i.settle_s)),
        second_look_at = CASE WHEN
            CASE x.state
            WHEN 'DEAD_LETTERED' THEN is_unsettled(x.reason)
                AND (x.reason = 'FOUND_TWICE' OR (x.generation, x.attempts) <> (i.generation, i.a_n))
            WHEN 'SENDING' THEN (x.generation, x.attempts) <> (i.generation, i.a_n)
            WHEN 'VOIDED_BEFORE_POST' THEN true
            ELSE is_read_back(x.state) AND x.sent_at IS NOT NULL AND CASE i.phase
                WHEN 'post' THEN (x.generation, x.attempts) <> (i.generation, i.a_n)
                ELSE NOT i.settled AND (x.attempts > 1 OR x.generation > 1) END
            END
            THEN business_now(:now) + greatest(interval '0',
                 coalesce(x.settle_until, x.sent_at + make_interval(secs => i.settle_s)) - now()) END,
        reason = coalesce(x.planned_reason, x.reason), planned_reason = NULL,
        look_first = false, failing_since = NULL, last_code = NULL, changed_at = business_now(:now)
    FROM i
    WHERE x.practice_id = i.p AND x.effect_id = i.n
      AND NOT is_concluded(x.state)
      AND (NOT :fenced OR (x.epoch = i.epoch AND is_in_doubt(x.state) AND EXISTS (
           SELECT FROM gates g WHERE g.practice_id = x.practice_id AND g.connection_id = x.connection_id
             AND g.epoch = i.epoch)))
    RETURNING x.practice_id, x.effect_id, x.second_look_at, i.row_id, i.row_key, i.row_value
), a AS (
    INSERT INTO attempts (practice_id, month, effect_id, n, phase, epoch, generation, request_id, began_at, ended_at,
                          answer, code, external_ids, vendor_request_id, late)
    SELECT p, date_trunc('month', ended_at)::date, n, a_n, phase, epoch, generation, request_id, began_at, ended_at,
           answer, code, ARRAY[external_id], vendor_request_id, late
    FROM i
    ON CONFLICT DO NOTHING
), o AS (
    INSERT INTO outbox (practice_id, id, topic, key, value)
    SELECT practice_id, row_id, :results_topic, decode(row_key, 'base64'), decode(row_value, 'base64') FROM u
)
SELECT practice_id, effect_id, second_look_at IS NOT NULL FROM u;

-- name: tell_relay
SELECT pg_notify('writeback_outbox', '');

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
    UPDATE effects x
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

-- name: lock_practices
SELECT practice_id FROM practices WHERE practice_id = ANY(:practice_ids::text[]) ORDER BY practice_id FOR NO KEY UPDATE;

-- name: hold
-- Under the practices' locks, in a later statement (law 8): only what still stands in the way holds. The decision's
-- reason stays with the entry, or beside the one that a closed period gives.
WITH i AS (
    SELECT * FROM json_to_recordset(:items::json) AS i(p text, c text, home text, n bigint, to_state text, reason text, version int)
)
UPDATE effects x
SET state = i.to_state, changed_at = business_now(:now),
    reason = coalesce(i.reason, x.reason),
    planned_reason = CASE WHEN i.reason IS NULL THEN x.planned_reason ELSE coalesce(x.planned_reason, x.reason) END,
    holds = CASE WHEN i.to_state = 'AWAITING_MANUAL_POST' THEN array_append(x.holds, i.to_state) ELSE x.holds END
FROM i
WHERE x.practice_id = i.p AND x.effect_id = i.n AND is_ready(x.state) AND NOT x.look_first
  AND CASE i.to_state
      WHEN 'AWAITING_LINK' THEN NOT EXISTS (SELECT FROM patient_links l
          WHERE l.practice_id = x.practice_id AND l.patient_ref = x.patient_ref)
      WHEN 'AWAITING_MANUAL_POST' THEN i.version IS NOT DISTINCT FROM (
          SELECT v.version FROM settings_in_force(i.p, business_now(:now)) v)
      ELSE CASE WHEN i.reason = 'CONNECTION_REPLACED' THEN NOT EXISTS (SELECT FROM practice_connections u
               JOIN connections c ON c.home_practice_id = u.home_practice_id AND c.connection_id = u.connection_id
               WHERE u.practice_id = i.p AND u.connection_id = i.c AND u.home_practice_id = i.home AND c.enabled)
               OR EXISTS (SELECT FROM effects o WHERE o.practice_id = i.p AND o.effect_id = x.depends_on
                   AND sent_elsewhere(i.p, i.c, coalesce(o.sent_at, o.posted_at)))
           ELSE x.target = 'PMS' AND x.entry_kind <> 'note'
           AND NOT coalesce((SELECT master_is_on(v.body) FROM settings_in_force(i.p, business_now(:now)) v), false) END
      END
RETURNING x.practice_id, x.effect_id;

-- name: die_unsent
-- Under the practices' locks: what the check before the mark refused. The settings it was checked against still hold.
WITH i AS (
    SELECT * FROM json_to_recordset(:items::json)
        AS i(p text, n bigint, from_state text, to_state text, reason text, version int)
)
UPDATE effects x
SET state = i.to_state, reason = i.reason, planned_reason = coalesce(x.planned_reason, x.reason),
    changed_at = business_now(:now),
    failing_since = coalesce(x.failing_since, business_now(:now))
FROM i
WHERE x.practice_id = i.p AND x.effect_id = i.n AND x.state = i.from_state AND NOT x.look_first
  AND i.version IS NOT DISTINCT FROM (SELECT v.version FROM settings_in_force(i.p, business_now(:now)) v)
RETURNING x.practice_id, x.effect_id;

-- name: originals
-- What a dead letter carries: the source's own bytes and place.
SELECT e.practice_id, e.effect_id, n.topic_id, n.part, n.off, n.appended_at, n.event_type, n.trace_id, b.original_key,
       b.original, coalesce(e.failing_since, e.changed_at), e.redrives, e.attempts
FROM effects e
JOIN events n ON n.practice_id = e.practice_id AND n.source = e.source AND n.event_id = e.event_id
LEFT JOIN bodies b ON b.practice_id = n.practice_id AND b.month = n.month AND b.source = n.source
    AND b.event_id = n.event_id
WHERE (e.practice_id, e.effect_id) IN (SELECT * FROM unnest(:practice_ids::text[], :effect_ids::bigint[]));

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

-- name: renew_doors
WITH i AS (
    SELECT * FROM json_to_recordset(:doors::json) AS i(p text, c text, e bigint, lease_s float8)
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

-- name: lock_gates
-- First step of a release: only gates that are still ours.
WITH i AS (
    SELECT * FROM json_to_recordset(:gates::json) AS i(p text, c text, e bigint)
)
SELECT g.practice_id, g.connection_id FROM gates g
JOIN i ON i.p = g.practice_id AND i.c = g.connection_id AND i.e = g.epoch
WHERE g.owner = :me
ORDER BY g.practice_id, g.connection_id
FOR UPDATE OF g;

-- name: still_due
-- Second step: gates of which a head can be marked now. A release puts them to the back of the queue whatever else is
-- due, so their whole backlog need not be looked through.
UPDATE gates g SET next_due_at = business_now(:now)
FROM unnest(:practice_ids::text[], :connection_ids::text[]) AS k(p, c)
WHERE g.practice_id = k.p AND g.connection_id = k.c AND EXISTS (
    SELECT FROM effects e
    WHERE e.practice_id = k.p AND e.connection_id = k.c AND is_ready(e.state)
      AND e.due_at <= business_now(:now)
      AND (e.depends_on IS NULL OR EXISTS (
           SELECT FROM effects o WHERE o.practice_id = k.p AND o.effect_id = e.depends_on AND o.state = 'POSTED'))
      AND NOT EXISTS (SELECT FROM lane_before(k.p, k.c, e.lane, e.effect_id, business_now(:now)) OFFSET 0)
    ORDER BY e.effect_id LIMIT 1)
RETURNING g.practice_id, g.connection_id;

-- name: release
-- Last step, after the recomputation of `next_due_at`: to the back of the queue where something is due already, and
-- after a pause where this turn could do nothing with it. In a blackout the gate sleeps to its end (T-8).
WITH i AS (
    SELECT p, c, pause_s, rests_until + gate_jitter(p, :jitter_s) AS rests_until
    FROM json_to_recordset(:gates::json) AS i(p text, c text, pause_s float8, rests_until timestamptz)
)
UPDATE gates g
SET owner = NULL, lease_until = 'epoch', blackout_until = i.rests_until,
    next_due_at = CASE WHEN g.next_due_at IS NULL THEN NULL
        ELSE greatest(g.next_due_at, i.rests_until, business_now(:now)
                      + greatest(make_interval(secs => i.pause_s), g.not_before - now())) END
FROM i
WHERE g.practice_id = i.p AND g.connection_id = i.c;

-- name: release_doors
WITH i AS (
    SELECT * FROM json_to_recordset(:doors::json) AS i(p text, c text, e bigint, limiter json, breaker json)
)
UPDATE connections d
SET owner = NULL, lease_until = 'epoch', limiter = i.limiter, breaker = i.breaker
FROM i
WHERE d.home_practice_id = i.p AND d.connection_id = i.c AND d.epoch = i.e AND d.owner = :me;

-- name: close_door
-- An error of the connection closes every gate that names it, and changes no effect (law 22). A gate's place in the
-- queue moves with it, so that closed gates do not stand before open ones.
WITH d AS (
    UPDATE connections c
    SET not_before = now() + make_interval(secs => :wait_s), breaker = :breaker::jsonb, closed_reason = :reason,
        closed_at = CASE WHEN c.closed_reason IS NULL THEN now() ELSE c.closed_at END
    WHERE c.home_practice_id = :home AND c.connection_id = :connection_id AND c.epoch = :epoch AND c.owner = :me
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

-- name: open_door
-- The first answer after a closing.
WITH d AS (
    UPDATE connections c SET breaker = NULL, closed_reason = NULL, closed_at = NULL, not_before = 'epoch'
    WHERE c.home_practice_id = :home AND c.connection_id = :connection_id AND c.epoch = :epoch AND c.owner = :me
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

-- name: targets
-- Every address that this program could call, for the refusal of rehearsal switches at start.
SELECT DISTINCT base_url FROM connections WHERE enabled;
