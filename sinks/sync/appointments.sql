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

-- name: appointments_gone
-- After a read of the whole window: a stretch of what it did not show. True while there may be more.
WITH removed AS (
    DELETE FROM mirror_appointments
    WHERE ctid = ANY(ARRAY(
        SELECT a.ctid FROM mirror_appointments a
        WHERE a.practice_id = :practice_id AND a.day BETWEEN :window_from AND :window_until AND a.run < :run
        ORDER BY a.day LIMIT :most))
    RETURNING 1
)
SELECT count(*) >= :most FROM removed;

-- name: appointments_old
-- What has left the window, before it or after it.
WITH removed AS (
    DELETE FROM mirror_appointments
    WHERE ctid = ANY(ARRAY(
        SELECT a.ctid FROM mirror_appointments a
        WHERE a.practice_id = :practice_id AND (a.day < :window_from OR a.day > :window_until)
        ORDER BY a.day LIMIT :most))
    RETURNING 1
)
SELECT count(*) >= :most FROM removed;

-- name: procedures_gone
-- After a read of everything that changed within the window.
WITH removed AS (
    DELETE FROM mirror_procedures
    WHERE ctid = ANY(ARRAY(
        SELECT p.ctid FROM mirror_procedures p
        WHERE p.practice_id = :practice_id AND p.run < :run ORDER BY p.procedure_id LIMIT :most))
    RETURNING 1
)
SELECT count(*) >= :most FROM removed;

-- name: procedures_old
-- Planned so long ago that nobody comes for it, or done so long ago that its appointment is not here.
WITH removed AS (
    DELETE FROM mirror_procedures
    WHERE ctid = ANY(ARRAY(
        SELECT p.ctid FROM mirror_procedures p
        WHERE p.practice_id = :practice_id AND (p.changed_on < :window_from OR p.done_on < :done_since)
        ORDER BY p.changed_on LIMIT :most))
    RETURNING 1
)
SELECT count(*) >= :most FROM removed;

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
