-- name: exists
SELECT practice_id FROM practices WHERE practice_id = :practice_id;

-- name: known
SELECT practice_id FROM practices ORDER BY practice_id LIMIT 100000;

-- name: practices
SELECT p.practice_id, p.name, s.version, (s.body->>'master')::boolean AS master,
       p.phone, p.entitled_at IS NOT NULL AS entitled,
       (SELECT array_agg(c.address ORDER BY c.address) FROM contacts c
        WHERE c.practice_id = p.practice_id AND c.channel = 'email') AS emails,
       (SELECT array_agg(t.target ORDER BY t.target) FROM practice_connections t WHERE t.practice_id = p.practice_id)
           AS targets,
       p.system, p.system_name
FROM practices p
LEFT JOIN LATERAL (SELECT version, body FROM settings s WHERE s.practice_id = p.practice_id
                   ORDER BY version DESC LIMIT 1) s ON true
WHERE p.added_at IS NOT NULL ORDER BY p.practice_id LIMIT :most;

-- name: practice
SELECT p.practice_id, p.name, s.version, (s.body->>'master')::boolean AS master,
       p.phone, p.entitled_at IS NOT NULL AS entitled,
       (SELECT array_agg(c.address ORDER BY c.address) FROM contacts c
        WHERE c.practice_id = p.practice_id AND c.channel = 'email') AS emails,
       (SELECT array_agg(t.target ORDER BY t.target) FROM practice_connections t WHERE t.practice_id = p.practice_id)
           AS targets,
       p.system, p.system_name
FROM practices p
LEFT JOIN LATERAL (SELECT version, body FROM settings s WHERE s.practice_id = p.practice_id
                   ORDER BY version DESC LIMIT 1) s ON true
WHERE p.practice_id = :practice_id;

-- name: asked_for
SELECT system_name, array_agg(practice_id ORDER BY practice_id) AS practices FROM practices
WHERE system_name IS NOT NULL GROUP BY system_name ORDER BY count(*) DESC, system_name LIMIT :most;
