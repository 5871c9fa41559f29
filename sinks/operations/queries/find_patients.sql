-- Patients by tokens of what is sealed. A token names its practice too (its key is the practice's own), so the index of
-- tokens alone finds them; of a token that very many have, only some are looked at, and `crowded` says so.

-- name: mirrored
WITH hit AS (
    SELECT a.token, a.weight, h.practice_id, h.patient_id
    FROM unnest(:tokens::bigint[], :weights::int[]) AS a(token, weight)
    CROSS JOIN LATERAL (
        WITH x AS MATERIALIZED (
            SELECT m.practice_id, m.pms_patient_id AS patient_id FROM mirror_patients m WHERE m.tokens @> ARRAY[a.token])
        SELECT * FROM x LIMIT :each + 1) h
), best AS (
    SELECT h.patient_id, sum(h.weight) AS weight, count(*) OVER () AS found FROM hit h
    WHERE h.practice_id = :practice_id GROUP BY h.patient_id ORDER BY weight DESC, h.patient_id LIMIT :most
)
SELECT m.pms_patient_id AS patient_id, m.identity, m.in_use AND m.gone_at IS NULL AS in_use,
       (SELECT min(l.patient_ref) FROM patient_links l
        WHERE l.practice_id = :practice_id AND l.pms_patient_id = m.pms_patient_id) AS linked,
       NULL::text AS merged_into,
       b.found > :most OR EXISTS (SELECT FROM hit GROUP BY token HAVING count(*) > :each) AS crowded
FROM best b JOIN mirror_patients m ON m.practice_id = :practice_id AND m.pms_patient_id = b.patient_id
ORDER BY b.weight DESC, b.patient_id;

-- name: known
WITH hit AS (
    SELECT a.token, a.weight, h.practice_id, h.patient_id
    FROM unnest(:tokens::bigint[], :weights::int[]) AS a(token, weight)
    CROSS JOIN LATERAL (
        WITH x AS MATERIALIZED (
            SELECT i.practice_id, i.patient_ref AS patient_id FROM patient_identities i WHERE i.tokens @> ARRAY[a.token])
        SELECT * FROM x LIMIT :each + 1) h
), best AS (
    SELECT h.patient_id, sum(h.weight) AS weight, count(*) OVER () AS found FROM hit h
    WHERE h.practice_id = :practice_id GROUP BY h.patient_id ORDER BY weight DESC, h.patient_id LIMIT :most
)
SELECT i.patient_ref AS patient_id, i.identity, true AS in_use,
       (SELECT l.pms_patient_id FROM patient_links l
        WHERE l.practice_id = :practice_id AND l.patient_ref = i.patient_ref) AS linked,
       i.merged_into,
       b.found > :most OR EXISTS (SELECT FROM hit GROUP BY token HAVING count(*) > :each) AS crowded
FROM best b JOIN patient_identities i ON i.practice_id = :practice_id AND i.patient_ref = b.patient_id
WHERE i.identity IS NOT NULL
ORDER BY b.weight DESC, b.patient_id;

-- name: mirrored_by_number
SELECT m.pms_patient_id AS patient_id, m.identity, m.in_use AND m.gone_at IS NULL AS in_use,
       (SELECT min(l.patient_ref) FROM patient_links l
        WHERE l.practice_id = :practice_id AND l.pms_patient_id = m.pms_patient_id) AS linked,
       NULL::text AS merged_into, false AS crowded
FROM mirror_patients m WHERE m.practice_id = :practice_id AND m.pms_patient_id = ANY(:numbers::text[]);

-- name: known_by_number
-- By the surrogate, or by a number elsewhere: of a plan, a membership, another system.
SELECT i.patient_ref AS patient_id, i.identity, true AS in_use,
       (SELECT l.pms_patient_id FROM patient_links l
        WHERE l.practice_id = :practice_id AND l.patient_ref = i.patient_ref) AS linked,
       i.merged_into, false AS crowded
FROM (SELECT unnest(:numbers::text[]) AS ref
      UNION SELECT x.ref FROM unnest(:numbers::text[]) AS k(number) CROSS JOIN LATERAL (
          SELECT e.patient_ref AS ref FROM patient_external_ids e
          WHERE e.practice_id = :practice_id AND e.external_id = k.number
          ORDER BY e.system, e.patient_ref LIMIT :most) x) k
JOIN patient_identities i ON i.practice_id = :practice_id AND i.patient_ref = k.ref
WHERE i.identity IS NOT NULL ORDER BY i.patient_ref LIMIT :most;
