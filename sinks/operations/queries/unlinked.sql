-- References without a link.

-- name: waiting
-- Those whose entries wait for one, with how many and since when.
SELECT w.patient_ref, count(*)::int AS waiting, min(w.changed_at) AS since FROM work w
WHERE w.practice_id = :practice_id AND w.state = 'AWAITING_LINK' AND w.patient_ref IS NOT NULL
GROUP BY w.patient_ref ORDER BY since, w.patient_ref LIMIT :most;

-- name: stretch
-- A stretch of those whom the upstream has named, in their order, linked ones too, so that its cost is the stretch's.
SELECT i.patient_ref, i.identity,
       i.merged_into IS NOT NULL OR (SELECT true FROM patient_links l
           WHERE l.practice_id = i.practice_id AND l.patient_ref = i.patient_ref) IS NOT NULL AS settled
FROM patient_identities i WHERE i.practice_id = :practice_id AND i.patient_ref > :after
ORDER BY i.patient_ref LIMIT :most;

-- name: named
SELECT i.patient_ref, i.identity, i.merged_into, l.pms_patient_id AS linked FROM unnest(:patient_refs::text[]) AS k(ref)
CROSS JOIN LATERAL (SELECT * FROM patient_identities n
    WHERE n.practice_id = :practice_id AND n.patient_ref = k.ref OFFSET 0) i
LEFT JOIN LATERAL (SELECT n.pms_patient_id FROM patient_links n
    WHERE n.practice_id = :practice_id AND n.patient_ref = k.ref OFFSET 0) l ON true;

-- name: own_numbers
-- The reference's numbers in the system that the practice says it has, however the upstream spells its name.
SELECT x.external_id FROM practices p JOIN patient_external_ids x ON x.practice_id = p.practice_id
WHERE p.practice_id = :practice_id AND x.patient_ref = :patient_ref
  AND regexp_replace(lower(x.system), '[^a-z0-9]', '', 'g') = regexp_replace(lower(p.system), '[^a-z0-9]', '', 'g')
ORDER BY x.external_id LIMIT :most;
