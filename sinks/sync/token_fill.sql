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
UPDATE mirror_patients m SET tokens = k.tokens::bigint[], tokens_by = :tokens_by, name_print = k.name_print,
    date_print = k.date_print
FROM unnest(:practice_ids::text[], :ids::text[], :tokens::text[], :name_prints::bigint[], :date_prints::bigint[])
    AS k(p, id, tokens, name_print, date_print)
WHERE m.practice_id = k.p AND m.pms_patient_id = k.id;

-- name: fill_identities!
UPDATE patient_identities m SET tokens = k.tokens::bigint[], tokens_by = :tokens_by
FROM unnest(:practice_ids::text[], :ids::text[], :tokens::text[]) AS k(p, id, tokens)
WHERE m.practice_id = k.p AND m.patient_ref = k.id;

-- name: settle_links!
-- Links to records whose prints are stored in this transaction: a link without prints has those of now, and prints of a
-- retired key become the active one's, where they say the same. A birth date that was not known is known from now on.
-- What was read from an account that the practice has left says nothing of its links.
UPDATE patient_links l
SET name_print = CASE WHEN l.name_print IS NULL OR l.name_print = k.old_name THEN k.name ELSE l.name_print END,
    date_print = CASE WHEN l.name_print IS NULL OR l.date_print = k.old_date
                        OR (l.date_print IS NULL AND l.name_print IN (k.name, k.old_name))
                      THEN k.date ELSE l.date_print END
FROM unnest(:practice_ids::text[], :ids::text[], :names::bigint[], :dates::bigint[], :old_names::bigint[],
    :old_dates::bigint[]) AS k(p, id, name, date, old_name, old_date)
WHERE l.practice_id = k.p AND l.pms_patient_id = k.id
  AND (l.name_print IS NULL OR l.name_print = k.old_name OR l.date_print = k.old_date
       OR (l.date_print IS NULL AND k.date IS NOT NULL AND l.name_print IN (k.name, k.old_name)))
  AND NOT EXISTS (SELECT FROM mirror_practices p
      JOIN practice_connections u ON u.practice_id = p.practice_id AND u.target = 'PMS'
      JOIN connections c ON c.home_practice_id = u.home_practice_id AND c.connection_id = u.connection_id
      WHERE p.practice_id = k.p AND p.account <> c.account_fingerprint);
