-- Members of a practice's own plan, under the practice's lock.

-- name: member
SELECT m.member_id, m.patient_ref, m.plan, m.status,
       (SELECT l.pms_patient_id FROM patient_links l
        WHERE l.practice_id = m.practice_id AND l.patient_ref = m.patient_ref) AS pms_patient_id
FROM members m WHERE m.practice_id = :practice_id AND m.member_id = :member_id;

-- name: members
-- A page, in the order of their ids.
SELECT m.member_id, m.patient_ref, m.plan, m.status,
       (SELECT l.pms_patient_id FROM patient_links l
        WHERE l.practice_id = m.practice_id AND l.patient_ref = m.patient_ref) AS pms_patient_id
FROM members m WHERE m.practice_id = :practice_id AND m.member_id > :after
ORDER BY m.member_id LIMIT :most;

-- name: put_member!
INSERT INTO members (practice_id, member_id, patient_ref, plan, status, added_at, added_by, changed_at)
VALUES (:practice_id, :member_id, :patient_ref, :plan, :status, business_now(:now), :actor, business_now(:now));

-- name: set_member!
UPDATE members SET plan = :plan, status = :status, changed_at = business_now(:now)
WHERE practice_id = :practice_id AND member_id = :member_id;
