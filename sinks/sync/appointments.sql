-- Appointments and the procedures that are attached to them, under the reader's fence.

-- name: put_appointments!
INSERT INTO mirror_appointments (practice_id, appointment_id, pms_patient_id, day, starts_at, state, provider_id, detail, run,
    read_at)
SELECT :practice_id, k.id, k.patient, k.day, k.starts_at, k.state, k.provider, k.detail, :run, business_now(:now)
FROM unnest(:ids::text[], :patients::text[], :days::date[], :times::time[], :states::text[], :providers::text[],
    :details::bytea[]) AS k(id, patient, day, starts_at, state, provider, detail)
ON CONFLICT (practice_id, appointment_id) DO UPDATE
SET pms_patient_id = EXCLUDED.pms_patient_id, day = EXCLUDED.day, starts_at = EXCLUDED.starts_at, state = EXCLUDED.state,
    provider_id = EXCLUDED.provider_id, detail = EXCLUDED.detail, run = EXCLUDED.run, read_at = EXCLUDED.read_at;

-- name: drop_appointments!
DELETE FROM mirror_appointments WHERE practice_id = :practice_id AND appointment_id = ANY(:ids::text[]);

-- name: put_procedures!
INSERT INTO mirror_procedures (practice_id, procedure_id, appointment_id, pms_patient_id, fee_minor, done_on, changed_on,
    detail, run, read_at)
SELECT :practice_id, k.id, k.appointment, k.patient, k.fee, k.done_on, k.changed_on, k.detail, :run, business_now(:now)
FROM unnest(:ids::text[], :appointments::text[], :patients::text[], :fees::bigint[], :done_on::date[],
    :changed_on::date[], :details::bytea[]) AS k(id, appointment, patient, fee, done_on, changed_on, detail)
ON CONFLICT (practice_id, procedure_id) DO UPDATE
SET appointment_id = EXCLUDED.appointment_id, pms_patient_id = EXCLUDED.pms_patient_id, fee_minor = EXCLUDED.fee_minor,
    done_on = EXCLUDED.done_on, changed_on = EXCLUDED.changed_on, detail = EXCLUDED.detail, run = EXCLUDED.run,
    read_at = EXCLUDED.read_at;

-- name: drop_procedures!
DELETE FROM mirror_procedures WHERE practice_id = :practice_id AND procedure_id = ANY(:ids::text[]);

-- name: sweep_appointments
-- After a read: a stretch of the practice's appointments in the order of their numbers, of which those go that have left the
-- window, and after a read of the whole window those that it did not show. The last number of the stretch.
WITH stretch AS MATERIALIZED (
    SELECT a.ctid AS place, a.appointment_id, a.day, a.run FROM mirror_appointments a
    WHERE a.practice_id = :practice_id AND a.appointment_id > :after
    ORDER BY a.appointment_id LIMIT :most
), gone AS (
    DELETE FROM mirror_appointments WHERE ctid = ANY(ARRAY(
        SELECT s.place FROM stretch s
        WHERE s.day < :window_from OR s.day > :window_until OR (:whole AND s.run < :run)))
)
SELECT max(appointment_id) FROM stretch;

-- name: sweep_procedures
-- The same for procedures: those go that were planned so long ago that nobody comes for them, or done so long ago that their
-- appointment is not here.
WITH stretch AS MATERIALIZED (
    SELECT p.ctid AS place, p.procedure_id, p.changed_on, p.done_on, p.run FROM mirror_procedures p
    WHERE p.practice_id = :practice_id AND p.procedure_id > :after
    ORDER BY p.procedure_id LIMIT :most
), gone AS (
    DELETE FROM mirror_procedures WHERE ctid = ANY(ARRAY(
        SELECT s.place FROM stretch s
        WHERE s.changed_on < :window_from OR s.done_on < :done_since OR (:whole AND s.run < :run)))
)
SELECT max(procedure_id) FROM stretch;

-- name: forget_appointments
-- Rows of another account; true while there may be more.
WITH removed AS (
    DELETE FROM mirror_appointments
    WHERE ctid = ANY(ARRAY(
        SELECT a.ctid FROM mirror_appointments a WHERE a.practice_id = :practice_id
        ORDER BY a.appointment_id LIMIT :most))
    RETURNING 1
)
SELECT count(*) >= :most FROM removed;

-- name: forget_procedures
WITH removed AS (
    DELETE FROM mirror_procedures
    WHERE ctid = ANY(ARRAY(
        SELECT p.ctid FROM mirror_procedures p WHERE p.practice_id = :practice_id
        ORDER BY p.procedure_id LIMIT :most))
    RETURNING 1
)
SELECT count(*) >= :most FROM removed;
