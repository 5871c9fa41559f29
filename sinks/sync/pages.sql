-- What was read, stored page by page under the reader's own fence: a later reader's epoch makes an earlier page void.

-- name: reads
SELECT kind, watermark, read_at, whole_at, tried_at, result, code, run, run_began_at, run_since, run_window, run_position, run_watermark,
       run_whole_from, run_swept, run_rows, run_skipped
FROM mirror_reads WHERE practice_id = :practice_id;

-- name: begin_run!
INSERT INTO mirror_reads (practice_id, kind, run, run_began_at, run_since, run_window)
VALUES (:practice_id, :kind, 1, :began_at, :since, :window_from)
ON CONFLICT (practice_id, kind) DO UPDATE
SET run = mirror_reads.run + 1, run_began_at = EXCLUDED.run_began_at, run_since = EXCLUDED.run_since,
    run_window = EXCLUDED.run_window, run_position = '', run_watermark = NULL, run_whole_from = NULL, run_swept = NULL,
    run_rows = 0, run_skipped = 0;

-- name: advance_run!
UPDATE mirror_reads SET run_position = :position, run_watermark = :watermark, run_whole_from = :whole_from,
    run_swept = :swept, run_rows = :rows, run_skipped = :skipped
WHERE practice_id = :practice_id AND kind = :kind;

-- name: end_run!
-- The watermark of the first page counts from now on; none: the one before stays.
UPDATE mirror_reads SET watermark = coalesce(run_watermark, watermark), read_at = business_now(:now),
    whole_at = CASE WHEN :whole THEN business_now(:now) ELSE whole_at END,
    rows = :rows, skipped = :skipped, tried_at = business_now(:now), result = 'READ', code = NULL,
    run_began_at = NULL, run_position = ''
WHERE practice_id = :practice_id AND kind = :kind;

-- name: give_up_run!
-- This kind alone could not be read: it begins anew with the next round.
INSERT INTO mirror_reads (practice_id, kind, tried_at, result, code)
VALUES (:practice_id, :kind, business_now(:now), 'FAILED', :code)
ON CONFLICT (practice_id, kind) DO UPDATE
SET tried_at = EXCLUDED.tried_at, result = EXCLUDED.result, code = EXCLUDED.code, run_began_at = NULL, run_position = '';

-- name: put_patients!
-- Tokens that say the same are left as they are, so that their index is not written.
INSERT INTO mirror_patients AS m (practice_id, pms_patient_id, guarantor_id, in_use, identity, run, read_at, tokens,
    tokens_by, name_print, date_print)
SELECT :practice_id, k.id, k.guarantor, k.in_use, k.identity, :run, business_now(:now), k.tokens::bigint[], :tokens_by,
    k.name_print, k.date_print
FROM unnest(:ids::text[], :guarantors::text[], :in_use::boolean[], :identities::bytea[], :tokens::text[],
    :name_prints::bigint[], :date_prints::bigint[])
    AS k(id, guarantor, in_use, identity, tokens, name_print, date_print)
ON CONFLICT (practice_id, pms_patient_id) DO UPDATE
SET guarantor_id = EXCLUDED.guarantor_id, in_use = EXCLUDED.in_use, identity = EXCLUDED.identity, run = EXCLUDED.run,
    read_at = EXCLUDED.read_at, gone_at = NULL, tokens = EXCLUDED.tokens, tokens_by = EXCLUDED.tokens_by,
    name_print = EXCLUDED.name_print, date_print = EXCLUDED.date_print;

-- name: put_choices!
INSERT INTO mirror_choices (practice_id, kind, value, name, detail, usable, run, read_at)
SELECT :practice_id, k.kind, k.value, k.name, k.detail, k.usable, :run, business_now(:now)
FROM unnest(:kinds::text[], :values::text[], :names::text[], :details::text[], :usable::boolean[])
    AS k(kind, value, name, detail, usable)
ON CONFLICT (practice_id, kind, value) DO UPDATE
SET name = EXCLUDED.name, detail = EXCLUDED.detail, usable = EXCLUDED.usable, run = EXCLUDED.run,
    read_at = EXCLUDED.read_at;

-- name: forget_choices!
-- A list is read whole: what it does not hold is not there.
DELETE FROM mirror_choices WHERE practice_id = :practice_id AND run < :run;

-- name: put_entries!
-- `ours`: by its marker, or because an entry of ours has this number, whose text people have rewritten.
INSERT INTO mirror_entries (practice_id, external_id, kind, pms_patient_id, amount_minor, entry_date, made_on, ours, run,
    read_at, gone_at)
SELECT :practice_id, k.id, :kind, k.patient, k.minor, k.entry_date, k.made_on,
       k.marked OR EXISTS (SELECT FROM outcomes o WHERE o.external_id = k.id AND o.practice_id = :practice_id),
       :run, business_now(:now), CASE WHEN k.deleted THEN business_now(:now) END
FROM unnest(:ids::text[], :patients::text[], :minors::bigint[], :entry_dates::date[], :made_on::date[],
    :marked::boolean[], :deleted::boolean[]) AS k(id, patient, minor, entry_date, made_on, marked, deleted)
ON CONFLICT (practice_id, external_id) DO UPDATE
SET pms_patient_id = EXCLUDED.pms_patient_id, amount_minor = EXCLUDED.amount_minor, entry_date = EXCLUDED.entry_date,
    made_on = EXCLUDED.made_on, ours = mirror_entries.ours OR EXCLUDED.ours, run = EXCLUDED.run,
    read_at = EXCLUDED.read_at,
    gone_at = CASE WHEN EXCLUDED.gone_at IS NULL THEN NULL ELSE coalesce(mirror_entries.gone_at, EXCLUDED.gone_at) END,
    changed_at = CASE WHEN (mirror_entries.pms_patient_id, mirror_entries.amount_minor, mirror_entries.entry_date)
                          = (EXCLUDED.pms_patient_id, EXCLUDED.amount_minor, EXCLUDED.entry_date)
                      THEN mirror_entries.changed_at ELSE EXCLUDED.read_at END;

-- name: patients_gone
-- After a whole read: a stretch of the practice's patients in the order of their numbers, of which those that it did not
-- show are gone. The last number of the stretch.
WITH stretch AS MATERIALIZED (
    SELECT p.ctid AS place, p.pms_patient_id FROM mirror_patients p
    WHERE p.practice_id = :practice_id AND p.pms_patient_id > :after
    ORDER BY p.pms_patient_id LIMIT :most
), gone AS (
    UPDATE mirror_patients p SET gone_at = business_now(:now)
    WHERE p.ctid = ANY(ARRAY(SELECT place FROM stretch)) AND p.run < :run AND p.gone_at IS NULL
)
SELECT max(pms_patient_id) FROM stretch;

-- name: entries_gone!
-- After a read that was whole for what was made since a day.
UPDATE mirror_entries e SET gone_at = business_now(:now)
WHERE e.practice_id = :practice_id AND e.kind = :kind AND e.made_on >= :made_from AND e.run < :run AND e.gone_at IS NULL;

-- name: forget_entries!
-- What is older than the window. By their places, like all that is forgotten: under the fence nobody else writes them.
DELETE FROM mirror_entries
WHERE ctid = ANY(ARRAY(
    SELECT e.ctid FROM mirror_entries e
    WHERE e.practice_id = :practice_id AND e.kind = :kind AND e.made_on < :made_before
    ORDER BY e.made_on LIMIT :most));

-- name: forget_patients
-- Rows of another account; true while there are more.
WITH removed AS (
    DELETE FROM mirror_patients
    WHERE ctid = ANY(ARRAY(
        SELECT p.ctid FROM mirror_patients p WHERE p.practice_id = :practice_id
        ORDER BY p.pms_patient_id LIMIT :most))
    RETURNING 1
)
SELECT count(*) >= :most FROM removed;

-- name: forget_ledger
WITH removed AS (
    DELETE FROM mirror_entries
    WHERE ctid = ANY(ARRAY(
        SELECT e.ctid FROM mirror_entries e WHERE e.practice_id = :practice_id
        ORDER BY e.external_id LIMIT :most))
    RETURNING 1
)
SELECT count(*) >= :most FROM removed;

-- name: forget_reads!
DELETE FROM mirror_reads WHERE practice_id = :practice_id;

-- name: forget_lists!
DELETE FROM mirror_choices WHERE practice_id = :practice_id;

-- name: keep_account!
UPDATE mirror_practices SET account = :account WHERE practice_id = :practice_id;
