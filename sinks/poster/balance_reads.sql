-- The balance read before a posting (law 18). All but the first run under the practice's lock, in its order.

-- name: gate_is_ours
-- Whoever owns the gate now reads for itself: a read of an earlier owner may be old.
SELECT 1 FROM gates
WHERE practice_id = :practice_id AND connection_id = :connection_id AND epoch = :epoch AND owner = :me
FOR SHARE;

-- name: to_place
-- The effect as it stands, with the placement of the one it depends on. Locked, and only what was never sent.
SELECT e.effect_id, e.part, e.amount_minor, e.instruction::text, e.placement::text, e.depends_on,
       (SELECT o.placement::text FROM effects o
        WHERE o.practice_id = e.practice_id AND o.effect_id = e.depends_on) AS origin_placement
FROM open_effects e
WHERE e.practice_id = :practice_id AND e.effect_id = :effect_id AND is_ready(e.state)
  AND NOT e.look_first
FOR NO KEY UPDATE;

-- name: companion_of
-- What follows this payment and is still to be sent.
SELECT e.effect_id, e.part, e.amount_minor, e.instruction::text, e.placement::text, e.depends_on
FROM open_effects e
WHERE e.practice_id = :practice_id AND e.effect_id IN (
      SELECT f.effect_id FROM entries f WHERE f.practice_id = :practice_id AND f.depends_on = :effect_id)
  AND e.entry_kind = 'fee_adjustment'
  AND is_pending(e.state)
  AND NOT e.look_first AND e.sent_at IS NULL
ORDER BY e.effect_id
FOR NO KEY UPDATE;

-- name: payment_of
-- The payment that waits for this debit (N-10).
SELECT e.effect_id, e.part, e.amount_minor, e.instruction::text, e.placement::text, e.depends_on
FROM open_effects e
WHERE e.practice_id = :practice_id AND e.effect_id IN (
      SELECT f.effect_id FROM entries f WHERE f.practice_id = :practice_id AND f.depends_on = :effect_id)
  AND e.entry_kind = 'payment'
  AND is_pending(e.state)
  AND NOT e.look_first AND e.sent_at IS NULL
ORDER BY e.effect_id
FOR NO KEY UPDATE;

-- name: paid_by_us
-- What unfinished entries that were laid on this patient's charges will pay of each: those on their way, and those that
-- are dead or wait for a person, who may let them go with what was read for them then. A payment that stands apart pays
-- its charges with its allocation. Whoever is the same patient at the target pays the same charges: each has a lane.
SELECT s.value ->> 0 AS ref, sum((s.value ->> 1)::bigint)::bigint AS amount_minor
FROM (SELECT :lane AS lane
      UNION
      SELECT 'p:' || l.patient_ref FROM patient_links l
      WHERE l.practice_id = :practice_id AND l.pms_patient_id = :patient) k
CROSS JOIN LATERAL (
    SELECT * FROM open_effects e
    WHERE e.practice_id = :practice_id AND e.connection_id = :connection_id AND e.lane = k.lane OFFSET 0) e
CROSS JOIN LATERAL jsonb_array_elements(e.placement -> 'shares') s
WHERE e.placement IS NOT NULL AND e.effect_id <> :effect_id
  AND (lies_on_charges(e.entry_kind)
       OR e.entry_kind = 'allocation' AND e.placement ? 'apart'
          AND NOT EXISTS (SELECT FROM work o WHERE o.practice_id = e.practice_id AND o.effect_id = e.depends_on))
GROUP BY 1;

-- name: charged_by_us
-- Charges of the patient that this program wrote: they have their own payment (B-1).
SELECT split_part(e.external_id, '/', 2) AS ref FROM effects e
WHERE e.practice_id = :practice_id AND e.patient_ref = :patient_ref AND e.entry_kind = 'charge'
  AND e.external_id IS NOT NULL;

-- name: change!
-- One of the three changes of an entry after it was planned (law 18): its money is laid on charges that were read just now.
WITH i AS (
    SELECT * FROM json_to_recordset(:items::json) AS i(n bigint, amount_minor bigint, instruction json, placement jsonb)
), entry AS (
    UPDATE entries e SET amount_minor = i.amount_minor, instruction = i.instruction
    FROM i WHERE e.practice_id = :practice_id AND e.effect_id = i.n
)
UPDATE work w SET placement = i.placement, changed_at = business_now(:now)
FROM i WHERE w.practice_id = :practice_id AND w.effect_id = i.n;

-- name: take_numbers
UPDATE practices SET seq = seq + :count WHERE practice_id = :practice_id RETURNING seq;

-- name: add_parts!
-- New effects beside the payment: same event, target, lane, patient, dates and settings version.
WITH e AS (
    SELECT * FROM open_effects e WHERE e.practice_id = :practice_id AND e.effect_id = :effect_id
), i AS (
    SELECT * FROM json_to_recordset(:items::json)
        AS i(n bigint, entry_kind text, part text, depends_on bigint, amount_minor bigint, instruction json,
             placement jsonb, request_id text)
), entry AS (
    INSERT INTO entries (practice_id, effect_id, source, event_id, target, entry_kind, part, lane, depends_on, late,
        amount_minor, currency, ledger_date, patient_ref, settings_version, instruction)
    SELECT e.practice_id, i.n, e.source, e.event_id, e.target, i.entry_kind, i.part, e.lane, i.depends_on, e.late,
        i.amount_minor, e.currency, e.ledger_date, e.patient_ref, e.settings_version, i.instruction
    FROM e CROSS JOIN i
)
INSERT INTO work (practice_id, effect_id, connection_id, lane, depends_on, patient_ref, state, reason, due_at,
    ledger_date, request_id, placement, changed_at)
SELECT e.practice_id, i.n, e.connection_id, e.lane, i.depends_on, e.patient_ref, 'SCHEDULED', e.reason, e.due_at,
    e.ledger_date, i.request_id, i.placement, business_now(:now)
FROM e CROSS JOIN i;

-- name: add_attempt!
-- The read is part of the record of what was tried (ALL-1). It is no attempt to post: it counts none.
INSERT INTO attempts (practice_id, month, effect_id, n, phase, epoch, generation, request_id, began_at, ended_at, answer,
    scope, code, reading)
VALUES (:practice_id, date_trunc('month', :ended_at::timestamptz)::date, :effect_id, :n, 'balance', :epoch, :generation,
    :request_id, :began_at, :ended_at, :answer, :scope, :code, :reading)
ON CONFLICT DO NOTHING;
