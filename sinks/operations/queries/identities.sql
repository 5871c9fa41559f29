-- Who patients are, as the upstream says on `patients.v1`.

-- name: named
-- By the surrogate itself or by the patient's number in another system, exactly. A merge is followed to the record that
-- was kept, through ten of them at most; a merge into somebody of whom nothing is known ends the way.
WITH RECURSIVE named AS (
    SELECT patient_ref FROM patient_identities WHERE practice_id = :practice_id AND patient_ref = :id
    UNION
    SELECT x.patient_ref FROM (
        SELECT patient_ref FROM patient_external_ids WHERE practice_id = :practice_id AND external_id = :id
        ORDER BY system, patient_ref LIMIT :most) x
), way AS (
    SELECT n.patient_ref AS asked, i.patient_ref, i.merged_into, i.identity, i.kid, 0 AS step
    FROM named n JOIN patient_identities i ON i.practice_id = :practice_id AND i.patient_ref = n.patient_ref
    UNION ALL
    SELECT w.asked, i.patient_ref, i.merged_into, i.identity, i.kid, w.step + 1
    FROM way w JOIN patient_identities i ON i.practice_id = :practice_id AND i.patient_ref = w.merged_into
    WHERE w.step < 10
)
SELECT DISTINCT ON (w.asked) w.asked, w.patient_ref, w.merged_into, w.identity, w.kid
FROM way w ORDER BY w.asked, w.step DESC;

-- name: numbers
SELECT x.patient_ref, x.system, x.external_id FROM unnest(:patient_refs::text[]) AS k(ref)
CROSS JOIN LATERAL (
    SELECT * FROM patient_external_ids e WHERE e.practice_id = :practice_id AND e.patient_ref = k.ref
    ORDER BY e.system, e.external_id LIMIT :most) x;

-- name: counted
-- Up to a number of them, along the index.
SELECT (SELECT count(*) FROM (SELECT FROM patient_identities
            WHERE practice_id = :practice_id ORDER BY practice_id, patient_ref LIMIT :most) k)::int AS known,
       (SELECT count(*) FROM (SELECT FROM patient_identities
            WHERE practice_id = :practice_id AND kid IS NOT NULL
            ORDER BY practice_id, patient_ref LIMIT :most) k)::int AS unopened;

-- name: reading
-- How the topic's partitions are read: the one that was looked at longest ago, and how many are read from their beginning.
SELECT min(read_at) AS read_at, count(*)::int AS partitions, count(rebuilt_to)::int AS rebuilding FROM patient_positions;
