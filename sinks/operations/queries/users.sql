-- name: user
SELECT name, full_name, email, disabled_at IS NOT NULL AS disabled FROM users WHERE name = :name;

-- name: users
SELECT name, full_name, email, disabled_at IS NOT NULL AS disabled FROM users u
WHERE :practice_id::text IS NULL
   OR EXISTS (SELECT FROM user_grants g WHERE g.name = u.name
        AND (g.practice_id = :practice_id
             OR g.practice_id = '' AND (g.organisation_id = '' OR g.organisation_id =
                (SELECT p.organisation_id FROM practices p WHERE p.practice_id = :practice_id))))
ORDER BY name LIMIT :most;

-- name: grants
SELECT name, role, practice_id, organisation_id FROM user_grants WHERE name = ANY(:names::text[])
ORDER BY name, role, practice_id, organisation_id;

-- name: practices_of
-- The practices of groups, as they are now.
SELECT organisation_id, practice_id FROM practices WHERE organisation_id = ANY(:organisations::text[]);
