-- Links beside who both sides are, as last read, each by its key.

-- name: links
SELECT l.patient_ref, l.pms_patient_id, l.linked_by, l.verified_at, l.verified_by, l.name_print, l.date_print,
       m.identity AS there, m.in_use AND m.gone_at IS NULL AS in_use, i.identity AS known, i.merged_into
FROM patient_links l
LEFT JOIN LATERAL (SELECT * FROM mirror_patients n
    WHERE n.practice_id = l.practice_id AND n.pms_patient_id = l.pms_patient_id OFFSET 0) m ON true
LEFT JOIN LATERAL (SELECT * FROM patient_identities n
    WHERE n.practice_id = l.practice_id AND n.patient_ref = l.patient_ref OFFSET 0) i ON true
WHERE l.practice_id = :practice_id AND l.patient_ref > :after
ORDER BY l.patient_ref LIMIT :most;

-- name: link
SELECT l.patient_ref, l.pms_patient_id, l.linked_by, l.verified_at, l.verified_by, l.name_print, l.date_print,
       m.identity AS there, m.in_use AND m.gone_at IS NULL AS in_use, i.identity AS known, i.merged_into
FROM patient_links l
LEFT JOIN LATERAL (SELECT * FROM mirror_patients n
    WHERE n.practice_id = l.practice_id AND n.pms_patient_id = l.pms_patient_id OFFSET 0) m ON true
LEFT JOIN LATERAL (SELECT * FROM patient_identities n
    WHERE n.practice_id = l.practice_id AND n.patient_ref = l.patient_ref OFFSET 0) i ON true
WHERE l.practice_id = :practice_id AND l.patient_ref = :patient_ref;

-- name: shared
-- Numbers to which several references are linked, along the index of one practice's links.
SELECT l.pms_patient_id, array_agg(l.patient_ref ORDER BY l.patient_ref) AS patient_refs FROM patient_links l
WHERE l.practice_id = :practice_id GROUP BY l.pms_patient_id HAVING count(*) > 1 ORDER BY l.pms_patient_id LIMIT :most;

-- name: merged
-- Links of references that the upstream has merged into another, with the link of the one that was kept.
SELECT l.patient_ref, l.pms_patient_id, i.merged_into AS kept,
       (SELECT k.pms_patient_id FROM patient_links k
        WHERE k.practice_id = l.practice_id AND k.patient_ref = i.merged_into) AS kept_number
FROM patient_links l
CROSS JOIN LATERAL (SELECT n.merged_into FROM patient_identities n
    WHERE n.practice_id = l.practice_id AND n.patient_ref = l.patient_ref OFFSET 0) i
WHERE l.practice_id = :practice_id AND i.merged_into IS NOT NULL ORDER BY l.patient_ref LIMIT :most;

-- name: to_lost
-- Links to records that are archived, merged or deleted in the practice's system.
SELECT l.patient_ref, l.pms_patient_id FROM patient_links l
CROSS JOIN LATERAL (SELECT n.in_use, n.gone_at FROM mirror_patients n
    WHERE n.practice_id = l.practice_id AND n.pms_patient_id = l.pms_patient_id OFFSET 0) m
WHERE l.practice_id = :practice_id AND (NOT m.in_use OR m.gone_at IS NOT NULL) ORDER BY l.patient_ref LIMIT :most;
