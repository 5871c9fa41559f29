-- name: linked_entries
-- Which of these entries are for a patient, and whether that patient is linked.
SELECT e.effect_id, l.patient_ref IS NOT NULL AS linked
FROM unnest(:effect_ids::bigint[]) AS k(effect_id)
CROSS JOIN LATERAL (SELECT x.effect_id, x.patient_ref FROM effects x
                    WHERE x.practice_id = :practice_id AND x.effect_id = k.effect_id OFFSET 0) e
LEFT JOIN patient_links l ON l.practice_id = :practice_id AND l.patient_ref = e.patient_ref
WHERE e.patient_ref IS NOT NULL;
