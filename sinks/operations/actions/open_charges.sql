-- What of a patient's charges is open while a person lays a payment on them.

-- name: before_read
-- What may be posted on the patient's charges from now on: what is unfinished in the lanes of whoever is this patient at
-- the target, and whatever comes after the practice's last entry.
SELECT p.seq AS last_id, ARRAY(
    SELECT w.effect_id
    FROM (SELECT :lane AS lane
          UNION
          SELECT 'p:' || l.patient_ref FROM patient_links l
          WHERE l.practice_id = :practice_id AND l.pms_patient_id = :patient) k
    JOIN work w ON w.practice_id = :practice_id AND w.connection_id = :connection_id AND w.lane = k.lane) AS unfinished
FROM practices p WHERE p.practice_id = :practice_id;

-- name: posted_since
SELECT e.effect_id FROM effects e
WHERE e.practice_id = :practice_id AND e.state = 'POSTED' AND e.effect_id IN (
      SELECT unnest(:effect_ids::bigint[])
      UNION ALL
      SELECT n.effect_id FROM entries n
      WHERE n.practice_id = :practice_id AND n.effect_id > :last_id
        AND (n.lane = :lane OR n.lane IN (
             SELECT 'p:' || l.patient_ref FROM patient_links l
             WHERE l.practice_id = :practice_id AND l.pms_patient_id = :patient)))
LIMIT 1;
