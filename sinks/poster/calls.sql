-- Planned calls: what is due, and the mark before the send (laws 16, 18, 20, 23, 24).
-- Rows travel as one JSON parameter: one statement serves many gates and many effects, and costs the client one encoding.
-- `:now` is business time (null: the database's clock); leases use now() alone. OFFSET 0 and MATERIALIZED hold joins to
-- one look-up by key for each row: nothing else says how many rows a JSON has, and a planner that guesses reads a whole
-- practice instead.

-- name: settle_marks
-- What earlier owners marked and never confirmed is in doubt (law 16, PROTOCOL section 2). Due at once: presence can be
-- proven before `settle_until`, absence not (law 19).
WITH i AS (
    SELECT w.practice_id, w.effect_id, k.settle_s
    FROM json_to_recordset(:gates::json) AS k(p text, c text, e bigint, settle_s float8)
    JOIN work w ON w.practice_id = k.p AND w.connection_id = k.c AND w.state = 'SENDING' AND w.epoch < k.e
    ORDER BY w.practice_id, w.effect_id
    FOR NO KEY UPDATE OF w
)
UPDATE work x
SET state = 'UNCERTAIN', settle_until = x.sent_at + make_interval(secs => i.settle_s),
    due_at = business_now(:now), changed_at = business_now(:now)
FROM i
WHERE x.practice_id = i.practice_id AND x.effect_id = i.effect_id AND x.state = 'SENDING'
RETURNING x.practice_id, x.effect_id,
          (SELECT e.target FROM entries e WHERE e.practice_id = x.practice_id AND e.effect_id = x.effect_id) AS target;

-- name: plan
-- Of each gate: what could be marked from now on, in order of id, with what depends on it (N-8), and what can be read
-- back. Only a plan: the mark checks again. It walks the entries in order and stops at the last that is wanted, so a plan
-- costs what it brings and not what waits behind; a lane is looked up for each, and nothing of one that stands still.
-- What waits behind a call of this very lease does not stand still: it is next when that call is confirmed.
SELECT e.practice_id, e.connection_id, e.effect_id, e.source, e.event_id, n.subject, n.trace_id AS correlation_id,
       n.traceparent, e.target, e.entry_kind, e.part,
       e.lane, e.depends_on, e.depends_on IS NULL OR coalesce(o.state = 'POSTED', false) AS origin_posted,
       e.state, e.reason, e.look_first, e.generation, e.request_id, e.payload AS frozen, e.attempts, e.epoch,
       e.sent_at, coalesce(e.settle_until <= now(), false) AS settled,
       coalesce(e.settle_until < now() - make_interval(secs => :budget_s), false) AS aged,
       e.settings_version, e.instruction::text, e.amount_minor, e.currency, e.ledger_date,
       l.pms_patient_id AS linked_patient_id, f.switches, e.external_id, o.external_id AS origin_id,
       o.payload AS origin_request, e.placement::text,
       f.moved AND o.state IS NOT DISTINCT FROM 'POSTED' AND sent_elsewhere(k.p, k.c, o.sent_at) AS origin_elsewhere,
       e.entry_kind = 'payment' AND e.target = 'PMS' AND l.pms_patient_id IS NOT NULL
       AND EXISTS (SELECT FROM mirror_entries m
                   WHERE m.practice_id = k.p AND m.pms_patient_id IN (l.pms_patient_id, e.placement ->> 'posts_to')
                     AND m.entry_date = e.ledger_date AND NOT m.ours AND m.gone_at IS NULL
                     AND m.amount_minor IN (e.amount_minor, (e.instruction ->> 'gross_minor')::bigint) OFFSET 0)
       AND NOT EXISTS (SELECT FROM typed_in_holds h WHERE h.practice_id = k.p AND h.effect_id = e.effect_id OFFSET 0)
           AS typed_in,
       e.target = 'PMS' AND coalesce(
           (SELECT m.name_print <> l.name_print AND m.date_print <> l.date_print FROM mirror_patients m
            WHERE m.practice_id = k.p AND m.pms_patient_id = l.pms_patient_id OFFSET 0), false) AS record_changed
FROM json_to_recordset(:gates::json) AS k(p text, c text, e bigint, home text, most int)
LEFT JOIN LATERAL settings_in_force(k.p, business_now(:now)) s ON true
CROSS JOIN LATERAL (
    SELECT jsonb_strip_nulls(jsonb_build_object(
               'settings_version', s.version,
               'master', coalesce(master_is_on(s.body), false),
               'entitled', EXISTS (SELECT FROM practices p
                                   WHERE p.practice_id = k.p AND p.entitled_at IS NOT NULL),
               'connected', EXISTS (
                   SELECT FROM practice_connections u
                   JOIN connections c ON c.home_practice_id = u.home_practice_id AND c.connection_id = u.connection_id
                   WHERE u.practice_id = k.p AND u.connection_id = k.c AND u.home_practice_id = k.home AND c.enabled),
               'zone', s.body -> 'zone', 'blackouts', s.body -> 'blackouts', 'closed_period', s.body -> 'closed_period',
               'closed_through', s.body -> 'ledger_closed_through'))::text AS switches,
           EXISTS (SELECT FROM connection_accounts a
                   WHERE a.home_practice_id = k.home AND a.connection_id = k.c) AS moved
    OFFSET 0) f
CROSS JOIN LATERAL (
    WITH reads AS (
        SELECT e.effect_id FROM work e
        WHERE e.practice_id = k.p AND e.connection_id = k.c AND is_read_back(e.state)
          AND e.due_at <= business_now(:now)
        ORDER BY e.effect_id LIMIT k.most
    ), heads AS (
        SELECT e.effect_id FROM work e
        WHERE e.practice_id = k.p AND e.connection_id = k.c AND is_ready(e.state)
          AND e.due_at <= business_now(:now)
          AND (e.depends_on IS NULL
               OR origin_lets_go(k.p, k.c, e.lane, e.effect_id, e.depends_on, business_now(:now)))
          AND NOT EXISTS (
               SELECT FROM work d WHERE d.practice_id = k.p AND d.connection_id = k.c AND d.lane = e.lane
                 AND is_in_doubt(d.state) AND (d.state <> 'SENDING' OR d.epoch IS DISTINCT FROM k.e) OFFSET 0)
          AND NOT EXISTS (
               SELECT FROM work b WHERE b.practice_id = k.p AND b.connection_id = k.c AND b.lane = e.lane
                 AND b.effect_id < e.effect_id
                 AND is_in_lane(b.state)
                 AND (e.look_first OR b.look_first
                      OR (b.state = 'RETRYING' AND b.due_at > business_now(:now)))
                 AND (b.state = 'RETRYING' OR b.due_at <= business_now(:now))
                 AND (b.depends_on IS NULL
                      OR origin_lets_go(k.p, k.c, b.lane, b.effect_id, b.depends_on, business_now(:now)))
               OFFSET 0)
        ORDER BY e.effect_id LIMIT k.most
    ), chosen AS MATERIALIZED (
        SELECT effect_id FROM (TABLE reads UNION ALL TABLE heads) c ORDER BY effect_id LIMIT k.most
    )
    SELECT effect_id FROM chosen
    UNION
    SELECT d.effect_id FROM chosen c
    CROSS JOIN LATERAL (
        SELECT d.effect_id FROM entries f, work d, work o
        WHERE f.practice_id = k.p AND f.depends_on = c.effect_id
          AND d.practice_id = k.p AND d.effect_id = f.effect_id AND d.connection_id = k.c
          AND is_ready(d.state) AND d.due_at <= business_now(:now)
          AND NOT d.look_first AND o.practice_id = k.p AND o.effect_id = c.effect_id
          AND o.lane = d.lane AND o.effect_id < d.effect_id AND is_ready(o.state)
        OFFSET 0) d
) w
CROSS JOIN LATERAL (SELECT * FROM open_effects x WHERE x.practice_id = k.p AND x.effect_id = w.effect_id OFFSET 0) e
LEFT JOIN LATERAL (
    SELECT r.state, r.external_id, coalesce(r.sent_at, r.posted_at) AS sent_at,
           CASE WHEN e.target = 'QUICKBOOKS' OR r.state = 'POSTED' THEN r.payload END AS payload
    FROM effects r
    WHERE r.practice_id = k.p AND r.effect_id = e.depends_on OFFSET 0) o ON true
CROSS JOIN LATERAL (
    SELECT v.subject, v.trace_id, v.traceparent FROM events v
    WHERE v.practice_id = k.p AND v.source = e.source AND v.event_id = e.event_id OFFSET 0) n
LEFT JOIN LATERAL (
    SELECT u.pms_patient_id, u.name_print, u.date_print FROM patient_links u
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
    WHERE g.epoch = k.e AND g.owner = :me AND g.lease_until > (SELECT clock_timestamp()) + make_interval(secs => k.need_s)
      AND k.version IS NOT DISTINCT FROM (SELECT v.version FROM settings_in_force(k.p, business_now(:now)) v)
      AND EXISTS (SELECT FROM practice_connections u
          JOIN connections c ON c.home_practice_id = u.home_practice_id AND c.connection_id = u.connection_id
          WHERE u.practice_id = k.p AND u.connection_id = k.c AND c.enabled)
      AND (:skip_entitlement OR EXISTS (
          SELECT FROM practices p WHERE p.practice_id = k.p AND p.entitled_at IS NOT NULL))
    ORDER BY g.practice_id, g.connection_id
    FOR SHARE OF g
), h AS MATERIALIZED (
    SELECT g.practice_id AS p, g.epoch, i.*
    FROM g
    CROSS JOIN LATERAL json_to_recordset(g.items)
        AS i(n bigint, generation int, request_id text, payload text, digest text, ledger_date date)
    CROSS JOIN LATERAL (SELECT * FROM work f WHERE f.practice_id = g.practice_id AND f.effect_id = i.n OFFSET 0) e
    WHERE is_ready(e.state) AND NOT e.look_first
      AND e.due_at <= business_now(:now)
      AND (e.depends_on IS NULL OR EXISTS (SELECT FROM outcomes o WHERE o.practice_id = e.practice_id
           AND o.effect_id = e.depends_on AND o.state = 'POSTED'))
      AND NOT EXISTS (
          SELECT FROM lane_before(e.practice_id, e.connection_id, e.lane, e.effect_id, business_now(:now)) OFFSET 0)
)
UPDATE work x
SET state = 'SENDING', epoch = h.epoch, sent_at = (SELECT clock_timestamp()), attempts = x.attempts + 1, generation = h.generation,
    request_id = h.request_id, payload = decode(h.payload, 'base64'), payload_digest = decode(h.digest, 'base64'),
    ledger_date = h.ledger_date, settle_until = NULL, changed_at = business_now(:now)
FROM h
WHERE x.practice_id = h.p AND x.effect_id = h.n
  AND (is_ready(x.state) OR :skip_state_test) AND NOT x.look_first
RETURNING x.practice_id, x.effect_id, x.attempts, x.epoch,
          (SELECT r.era FROM ledger_era r) AS era,
          (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint AS lsn;

-- name: read_back_first
-- Read back before any send (law 4). `sent_at` may be null.
WITH i AS (
    SELECT * FROM json_to_recordset(:items::json) AS i(p text, c text, n bigint, e bigint, settle_s float8)
), g AS (
    SELECT g.practice_id, g.connection_id FROM gates g
    WHERE (g.practice_id, g.connection_id, g.epoch) IN (SELECT p, c, e FROM i) AND g.owner = :me
    ORDER BY g.practice_id, g.connection_id
    FOR SHARE
)
UPDATE work x
SET state = 'UNCERTAIN', epoch = i.e, settle_until = (SELECT clock_timestamp()) + make_interval(secs => i.settle_s),
    due_at = business_now(:now), changed_at = business_now(:now)
FROM i JOIN g ON g.practice_id = i.p AND g.connection_id = i.c
WHERE x.practice_id = i.p AND x.effect_id = i.n AND is_ready(x.state) AND x.look_first
RETURNING x.practice_id, x.effect_id;
