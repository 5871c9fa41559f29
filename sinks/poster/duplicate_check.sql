-- The duplicate check (laws 19 and 20): an entry that is POSTED while another attempt of it may stand too.

-- name: due_checks
-- The entries of these gates that are due to be read again, in the columns of `plan`. A read needs no switch.
SELECT e.practice_id, e.connection_id, e.effect_id, e.source, e.event_id, n.subject, n.trace_id AS correlation_id,
       n.traceparent, e.target, e.entry_kind, e.part,
       e.lane, e.depends_on, true AS origin_posted, e.state, e.reason, e.look_first, e.generation, e.request_id,
       e.payload AS frozen, e.attempts, e.epoch, e.sent_at, coalesce(e.settle_until <= now(), true) AS settled,
       coalesce(e.sent_at < now() - make_interval(secs => :budget_s), true) AS aged,
       e.settings_version, e.instruction::text, e.amount_minor, e.currency, e.ledger_date,
       l.pms_patient_id AS linked_patient_id, '{"master": true, "connected": true}' AS switches, e.external_id,
       o.external_id AS origin_id, o.payload AS origin_request, e.placement::text, false AS origin_elsewhere,
       false AS typed_in, false AS record_changed
FROM json_to_recordset(:gates::json) AS k(p text, c text)
CROSS JOIN LATERAL (SELECT * FROM second_looks x
                    WHERE x.practice_id = k.p AND x.connection_id = k.c AND x.look_at <= business_now(:now) OFFSET 0) s
CROSS JOIN LATERAL (SELECT * FROM effects x WHERE x.practice_id = s.practice_id AND x.effect_id = s.effect_id OFFSET 0) e
JOIN events n ON n.practice_id = e.practice_id AND n.source = e.source AND n.event_id = e.event_id
LEFT JOIN LATERAL (SELECT * FROM effects x
                   WHERE x.practice_id = e.practice_id AND x.effect_id = e.depends_on OFFSET 0) o ON true
LEFT JOIN patient_links l ON l.practice_id = e.practice_id AND l.patient_ref = e.patient_ref
ORDER BY s.look_at
LIMIT :most;

-- name: wake!
-- Whoever owns the gate recomputes it at its release; a gate that sleeps is due when its check is.
UPDATE gates g SET next_due_at = least(g.next_due_at, w.at)
FROM (SELECT s.practice_id, s.connection_id, min(s.look_at) AS at
      FROM unnest(:practice_ids::text[], :effect_ids::bigint[]) AS k(p, n)
      JOIN second_looks s ON s.practice_id = k.p AND s.effect_id = k.n
      GROUP BY 1, 2 ORDER BY 1, 2) w
WHERE g.practice_id = w.practice_id AND g.connection_id = w.connection_id;

-- name: checked
-- Nothing else stands, or it cannot be said yet: only the gate's owner may say so (law 20). A double is nobody's to fence.
WITH mine AS (
    SELECT s.practice_id, s.effect_id FROM second_looks s
    WHERE s.practice_id = :practice_id AND s.effect_id = :effect_id
      AND (:doubled OR EXISTS (SELECT FROM gates g WHERE g.practice_id = s.practice_id
           AND g.connection_id = s.connection_id AND g.epoch = :epoch AND g.owner = :me))
    FOR UPDATE
), done AS (
    DELETE FROM second_looks s USING mine m
    WHERE s.practice_id = m.practice_id AND s.effect_id = m.effect_id AND :again_in_s::float8 IS NULL
), later AS (
    UPDATE second_looks s SET look_at = business_now(:now) + make_interval(secs => :again_in_s::float8)
    FROM mine m
    WHERE s.practice_id = m.practice_id AND s.effect_id = m.effect_id AND :again_in_s::float8 IS NOT NULL
)
SELECT effect_id FROM mine;

-- name: add_attempt!
INSERT INTO attempts (practice_id, month, effect_id, n, phase, epoch, generation, request_id, began_at, ended_at, answer,
    scope, code, external_ids)
VALUES (:practice_id, date_trunc('month', :ended_at::timestamptz)::date, :effect_id, :n, 'readback', :epoch, :generation,
    :request_id, :began_at, :ended_at, :answer, :scope, :code, :external_ids)
ON CONFLICT DO NOTHING;
