-- Tokens of rows that have none, or that another key or other rules made. What somebody else is writing now is left to
-- them, so that this never waits for a lock while it holds others.

-- name: patients
SELECT practice_id, pms_patient_id AS patient_id, identity FROM mirror_patients
WHERE tokens_by >= :low AND tokens_by < :high
ORDER BY tokens_by LIMIT :most FOR NO KEY UPDATE SKIP LOCKED;

-- name: identities
SELECT practice_id, patient_ref AS patient_id, identity FROM patient_identities
WHERE tokens_by >= :low AND tokens_by < :high
ORDER BY tokens_by LIMIT :most FOR NO KEY UPDATE SKIP LOCKED;

-- name: fill_patients!
UPDATE mirror_patients m SET tokens = k.tokens::bigint[], tokens_by = :tokens_by
FROM unnest(:practice_ids::text[], :ids::text[], :tokens::text[]) AS k(p, id, tokens)
WHERE m.practice_id = k.p AND m.pms_patient_id = k.id;

-- name: fill_identities!
UPDATE patient_identities m SET tokens = k.tokens::bigint[], tokens_by = :tokens_by
FROM unnest(:practice_ids::text[], :ids::text[], :tokens::text[]) AS k(p, id, tokens)
WHERE m.practice_id = k.p AND m.patient_ref = k.id;
