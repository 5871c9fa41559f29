-- name: patient_of_entry
-- Whose an entry is: the surrogate, which no address and no log holds.
SELECT patient_ref FROM entries WHERE practice_id = :practice_id AND effect_id = :effect_id;

-- name: same_number
-- Under which surrogates upstreams know the patient of this number.
SELECT patient_ref FROM patient_links WHERE practice_id = :practice_id AND pms_patient_id = :pms_patient_id
ORDER BY patient_ref;

-- name: typed_in
-- Payments that people have typed in for this number in the practice's own system, as last read.
SELECT count(*)::int AS entries, coalesce(sum(amount_minor), 0)::bigint AS amount_minor FROM mirror_entries
WHERE practice_id = :practice_id AND pms_patient_id = :pms_patient_id AND kind = 'payments'
  AND NOT ours AND gone_at IS NULL;
