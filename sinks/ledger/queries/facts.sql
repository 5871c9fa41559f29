-- name: ask_again!
-- Every waiting event of the practice that has settings by now is decided anew soon.
UPDATE events e SET redecide_at = business_now(:now)
WHERE e.practice_id = :practice_id AND e.waiting = 'AWAITING_SETTINGS'
  AND EXISTS (SELECT FROM settings s WHERE s.practice_id = e.practice_id
              AND s.effective_from <= least(e.occurred_at, e.appended_at));

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

-- name: dead_for_their_patient
SELECT count(*) FROM effects
WHERE practice_id = :practice_id AND patient_ref = :patient_ref AND reason = 'PATIENT_NOT_FOUND'
  AND is_dead(state);

-- name: gates_to_recompute
SELECT DISTINCT connection_id FROM effects
WHERE practice_id = :practice_id AND is_looked_up(state) AND connection_id IS NOT NULL
  AND (:patient_ref::text IS NULL OR patient_ref = :patient_ref);

-- name: gates_of
SELECT connection_id FROM gates WHERE practice_id = :practice_id;

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

-- name: mark_applied!
UPDATE settings SET applied_at = business_now(:now)
WHERE practice_id = :practice_id AND applied_at IS NULL AND effective_from <= business_now(:now);

-- name: moment
-- The wall clock and not the transaction's: it may have waited for the lock (law 15).
SELECT coalesce(:now::timestamptz, clock_timestamp());

-- name: add_version!
INSERT INTO settings (practice_id, version, effective_from, body, saved_at, saved_by, reason, own)
VALUES (:practice_id, :version, :effective_from, :body::jsonb, :saved_at, :saved_by, :reason, :own);

-- name: history
SELECT version, effective_from, body, saved_at, saved_by, reason FROM settings
WHERE practice_id = :practice_id ORDER BY version;

-- name: lock_practice
SELECT name, added_at FROM practices WHERE practice_id = :practice_id FOR NO KEY UPDATE;

-- name: add_practice!
UPDATE practices SET name = :name, added_at = business_now(:now), added_by = :actor
WHERE practice_id = :practice_id;

-- name: add_contact!
INSERT INTO practice_contacts (practice_id, email, role) VALUES (:practice_id, :email, :role)
ON CONFLICT (practice_id, email) DO NOTHING;

-- name: known_practices
SELECT practice_id FROM practices WHERE added_at IS NOT NULL ORDER BY practice_id LIMIT 100000;

-- name: link_of
SELECT pms_patient_id FROM patient_links WHERE practice_id = :practice_id AND patient_ref = :patient_ref;

-- name: put_link!
INSERT INTO patient_links (practice_id, patient_ref, pms_patient_id, linked_by, linked_at)
VALUES (:practice_id, :patient_ref, :pms_patient_id, :actor, business_now(:now))
ON CONFLICT (practice_id, patient_ref) DO UPDATE
    SET pms_patient_id = EXCLUDED.pms_patient_id, linked_by = EXCLUDED.linked_by, linked_at = EXCLUDED.linked_at;

-- name: audit
SELECT audit_append(:practice_id, business_now(:now), :actor, :action, :subject, :before::jsonb,
                    :after::jsonb, :why);

-- name: audit_broken
-- Rows whose chain does not hold: changed, removed or inserted behind the trail's back.
SELECT n FROM (
    SELECT n, digest, previous, lag(digest) OVER w AS before, lag(n) OVER w AS last_n,
           audit_digest(practice_id, n, at, actor, action, subject, audit.before, audit.after, why, previous) AS again
    FROM audit WHERE practice_id = :practice_id WINDOW w AS (ORDER BY n)) chain
WHERE digest <> again OR previous <> coalesce(before, ''::bytea) OR n <> coalesce(last_n, 0) + 1;

-- name: practices
SELECT p.practice_id, p.name, s.version, (s.body->>'master')::boolean,
       (SELECT min(c.email) FROM practice_contacts c WHERE c.practice_id = p.practice_id),
       (SELECT array_agg(t.target ORDER BY t.target) FROM practice_connections t WHERE t.practice_id = p.practice_id)
FROM practices p
LEFT JOIN LATERAL (SELECT version, body FROM settings s WHERE s.practice_id = p.practice_id
                   ORDER BY version DESC LIMIT 1) s ON true
WHERE p.added_at IS NOT NULL ORDER BY p.practice_id;
