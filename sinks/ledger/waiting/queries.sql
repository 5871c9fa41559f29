-- name: hanging_on
-- What depends on some effects: of the same plan, or a reversal on another event.
SELECT e.effect_id, e.state, (e.source, e.event_id) = (o.source, o.event_id), o.state, e.connection_id, e.look_first,
       e.depends_on, e.source, e.event_id, v.subject, e.target, e.entry_kind, e.part, e.reason, e.amount_minor,
       e.currency
FROM effects o
JOIN effects e ON e.practice_id = o.practice_id AND e.depends_on = o.effect_id
JOIN events v ON v.practice_id = e.practice_id AND v.source = e.source AND v.event_id = e.event_id
WHERE o.practice_id = :practice_id AND o.effect_id = ANY(:effect_ids::bigint[])
ORDER BY e.effect_id FOR NO KEY UPDATE OF e;

-- name: follow!
-- A person's from now on: its original will never be POSTED, so it waits for nobody else (R-14).
UPDATE effects e
SET state = k.state, changed_at = :now,
    holds = CASE WHEN k.by_hand AND NOT 'AWAITING_MANUAL_POST' = ANY(e.holds)
                 THEN array_append(e.holds, 'AWAITING_MANUAL_POST') ELSE e.holds END,
    reason = CASE WHEN k.by_hand THEN :reason ELSE e.reason END,
    depends_on = CASE WHEN k.by_hand THEN NULL ELSE e.depends_on END
FROM (SELECT i, state, state = 'AWAITING_MANUAL_POST' AS by_hand
      FROM unnest(:effect_ids::bigint[], :states::text[]) AS u(i, state)) k
WHERE e.practice_id = :practice_id AND e.effect_id = k.i;

-- name: frozen_ones
SELECT effect_id, source, event_id, target, entry_kind, part, generation, connection_id FROM effects
WHERE practice_id = :practice_id AND connection_id = :connection_id AND is_ready(state)
  AND payload IS NOT NULL
ORDER BY effect_id FOR NO KEY UPDATE;

-- name: compose_anew!
UPDATE effects e SET generation = r.generation, request_id = r.request_id, payload = NULL, payload_digest = NULL
FROM unnest(:effect_ids::bigint[], :generations::integer[], :request_ids::text[])
    AS r(effect_id, generation, request_id)
WHERE e.practice_id = :practice_id AND e.effect_id = r.effect_id AND is_ready(e.state);

-- name: dead_ones
-- But for a doubt of another account: nothing that is read in this one would settle it (P-15).
SELECT effect_id, source, event_id, target, entry_kind, part, generation, connection_id FROM effects
WHERE practice_id = :practice_id AND state = ANY(:states::text[])
  AND (:connection_id::text IS NULL OR connection_id = :connection_id)
  AND (:effect_ids::bigint[] IS NULL OR effect_id = ANY(:effect_ids::bigint[]))
  AND NOT (state = 'DEAD_LETTERED' AND is_unsettled(reason)
           AND sent_elsewhere(practice_id, connection_id, sent_at))
ORDER BY effect_id FOR NO KEY UPDATE;

-- name: release!
-- The budget of tries begins anew only where it was spent, so that the rows of `attempts` keep their numbers. The last
-- request stays until the next mark: it says at which patient the read-back has to look, wherever the link points now;
-- but not one for a patient whom the target does not have, where every read would be refused.
UPDATE effects e SET state = 'SCHEDULED', generation = r.generation, request_id = r.request_id,
    payload = CASE e.reason WHEN 'PATIENT_NOT_FOUND' THEN NULL ELSE e.payload END,
    reason = coalesce(e.planned_reason, e.reason), planned_reason = NULL,
    look_first = (e.look_first OR e.sent_at IS NOT NULL), due_at = business_now(:now),
    failing_since = NULL,
    attempts = CASE e.state WHEN 'DEAD_LETTERED' THEN 0 ELSE e.attempts END,
    redrives = e.redrives + 1, changed_at = business_now(:now)
FROM unnest(:effect_ids::bigint[], :generations::integer[], :request_ids::text[])
    AS r(effect_id, generation, request_id)
WHERE e.practice_id = :practice_id AND e.effect_id = r.effect_id AND e.state = ANY(:states::text[]);

-- name: settle_letters!
UPDATE dead_letters SET settled_at = business_now(:now), settled_as = 'RELEASED', settled_by = :actor
WHERE practice_id = :practice_id AND effect_id = ANY(:effect_ids::bigint[]) AND settled_at IS NULL;

-- name: effects_to_recompute
-- Effects whose first unmet condition may have changed; their gates are locked before them.
SELECT e.effect_id, e.state, e.holds, e.target, e.connection_id, e.source, e.event_id, e.entry_kind, e.part, e.reason,
       e.settings_version, e.amount_minor, e.currency, v.subject,
       EXISTS (SELECT FROM patient_links l WHERE l.practice_id = e.practice_id AND l.patient_ref = e.patient_ref),
       coalesce((e.instruction ->> 'office_level')::boolean, false), e.planned_reason,
       EXISTS (SELECT FROM practice_connections u JOIN connections c USING (home_practice_id, connection_id)
               WHERE u.practice_id = e.practice_id AND u.connection_id = e.connection_id AND c.enabled)
       AND NOT EXISTS (SELECT FROM effects o WHERE o.practice_id = e.practice_id AND o.effect_id = e.depends_on
           AND o.state = 'POSTED'
           AND sent_elsewhere(e.practice_id, e.connection_id, coalesce(o.sent_at, o.posted_at)))
FROM effects e JOIN events v USING (practice_id, source, event_id)
WHERE e.practice_id = :practice_id AND is_looked_up(e.state)
  AND (:patient_ref::text IS NULL OR e.patient_ref = :patient_ref)
ORDER BY e.effect_id FOR NO KEY UPDATE OF e;

-- name: gates_to_recompute
SELECT DISTINCT connection_id FROM effects
WHERE practice_id = :practice_id AND is_looked_up(state) AND connection_id IS NOT NULL
  AND (:patient_ref::text IS NULL OR patient_ref = :patient_ref);

-- name: set_states!
-- A reason that is over makes room for the one for which the entry was planned.
UPDATE effects e SET state = k.state, changed_at = business_now(:now),
    reason = CASE WHEN k.over THEN coalesce(e.planned_reason, e.reason) ELSE e.reason END,
    planned_reason = CASE WHEN k.over THEN NULL ELSE e.planned_reason END
FROM unnest(:effect_ids::bigint[], :states::text[], :was::text[], :over::boolean[]) AS k(effect_id, state, was, over)
WHERE e.practice_id = :practice_id AND e.effect_id = k.effect_id AND e.state = k.was;

-- name: master_now
-- A practice that has left is switched off, whatever its switch says.
SELECT master_is_on(body) FROM settings_in_force(:practice_id, business_now(:now));
