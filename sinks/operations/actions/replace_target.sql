-- name: patients
-- Whoever has a link or an open entry at the practice's system, and whether something of theirs waits for that system.
SELECT k.patient_ref, l.pms_patient_id,
       EXISTS (SELECT FROM work w JOIN practice_connections u ON u.practice_id = w.practice_id
                   AND u.connection_id = w.connection_id AND u.target = 'PMS'
               WHERE w.practice_id = :practice_id AND w.patient_ref = k.patient_ref) AS is_open
FROM (SELECT patient_ref FROM patient_links WHERE practice_id = :practice_id
      UNION
      SELECT w.patient_ref FROM work w JOIN entries e ON e.practice_id = w.practice_id AND e.effect_id = w.effect_id
      WHERE w.practice_id = :practice_id AND e.target = 'PMS' AND w.patient_ref IS NOT NULL) k
LEFT JOIN patient_links l ON l.practice_id = :practice_id AND l.patient_ref = k.patient_ref
ORDER BY k.patient_ref;

-- name: earlier_secret
-- Sealed, of a connection of this route that the practice had before.
SELECT secret FROM connections WHERE home_practice_id = :practice_id AND connection_id = :connection_id;
