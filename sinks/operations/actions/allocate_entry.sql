-- name: to_allocate
-- A payment and its fee adjustment as they stand, with the patient's number at the target.
SELECT e.effect_id, e.source, e.event_id, v.subject, e.part, e.state, e.reason, e.holds, e.amount_minor,
       e.instruction::text AS instruction, e.placement::text AS placement, e.depends_on, e.connection_id, e.lane,
       e.request_id, e.generation, e.target,
       (SELECT l.pms_patient_id FROM patient_links l
        WHERE l.practice_id = e.practice_id AND l.patient_ref = e.patient_ref) AS pms_patient_id
FROM open_effects e JOIN events v USING (practice_id, source, event_id)
WHERE e.practice_id = :practice_id AND is_pending(e.state) AND NOT e.look_first
  AND (e.effect_id = :effect_id
       OR e.entry_kind = 'fee_adjustment' AND e.effect_id IN (
            SELECT f.effect_id FROM entries f WHERE f.practice_id = :practice_id AND f.depends_on = :effect_id
            UNION ALL
            SELECT p.depends_on FROM entries p WHERE p.practice_id = :practice_id AND p.effect_id = :effect_id))
ORDER BY e.effect_id;
