-- name: user
SELECT name, full_name, email, disabled_at IS NOT NULL AS disabled FROM users WHERE name = :name;

-- name: users
SELECT name, full_name, email, disabled_at IS NOT NULL AS disabled FROM users ORDER BY name LIMIT :most;

-- name: users_at
-- Those whom a grant lets in at a practice: there, at its group, or everywhere.
SELECT u.name, u.full_name, u.email, u.disabled_at IS NOT NULL AS disabled
FROM (SELECT DISTINCT g.name FROM (
        SELECT x.name FROM user_grants x WHERE x.practice_id = :practice_id
        UNION ALL
        SELECT x.name FROM user_grants x WHERE x.practice_id = '' AND x.organisation_id IN ('',
            (SELECT p.organisation_id FROM practices p WHERE p.practice_id = :practice_id))) g
      ORDER BY g.name LIMIT :most) k
CROSS JOIN LATERAL (SELECT * FROM users x WHERE x.name = k.name OFFSET 0) u ORDER BY u.name;

-- name: grants
SELECT name, role, practice_id, organisation_id FROM user_grants WHERE name = ANY(:names::text[])
ORDER BY name, role, practice_id, organisation_id;

-- name: practices_of
-- The practices of groups, as they are now.
SELECT organisation_id, practice_id FROM practices WHERE organisation_id = ANY(:organisations::text[]);
