-- name: appointments
-- Of one practice within days, by the practice's own clock, with what they cost and how many insurances cover the patient.
SELECT a.appointment_id, a.day, a.starts_at, a.state, a.provider_id, a.pms_patient_id, a.detail, c.cost_minor, c.procedures,
       coalesce((SELECT s.body ->> 'currency' FROM settings_in_force(:practice_id, business_now(:now)) s), 'USD') AS currency,
       i.insurances, a.read_at
FROM mirror_appointments a
CROSS JOIN LATERAL (
    SELECT sum(p.fee_minor)::bigint AS cost_minor, count(*)::int AS procedures FROM mirror_procedures p
    WHERE p.practice_id = a.practice_id AND p.appointment_id = a.appointment_id) c
CROSS JOIN LATERAL (
    SELECT count(*)::int AS insurances FROM mirror_coverages v
    WHERE v.practice_id = a.practice_id AND v.pms_patient_id = a.pms_patient_id) i
WHERE a.practice_id = :practice_id AND a.day BETWEEN :from_day AND :to_day
ORDER BY a.day, a.starts_at, a.appointment_id LIMIT :most;
