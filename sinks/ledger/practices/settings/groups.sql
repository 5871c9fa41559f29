-- name: group_of
-- The values of a practice's group as they are now; none for a practice of its own.
SELECT o.organisation_id, o.name, s.version, s.fields, s.locked
FROM practices p JOIN organisations o USING (organisation_id)
CROSS JOIN LATERAL (SELECT version, fields, locked FROM organisation_settings s
    WHERE s.organisation_id = o.organisation_id ORDER BY s.version DESC LIMIT 1) s
WHERE p.practice_id = :practice_id;

-- name: set_organisation!
UPDATE practices SET organisation_id = :organisation_id WHERE practice_id = :practice_id;

-- name: add_organisation
INSERT INTO organisations (organisation_id, name, added_at, added_by)
VALUES (:organisation_id, :name, business_now(:now), :actor)
ON CONFLICT DO NOTHING RETURNING organisation_id;

-- name: add_organisation_version!
INSERT INTO organisation_settings (organisation_id, version, fields, locked, saved_at, saved_by, reason)
VALUES (:organisation_id, :version, :fields, :locked, business_now(:now), :actor, :reason);

-- name: organisation
SELECT o.organisation_id, o.name, s.version, s.fields, s.locked
FROM organisations o
CROSS JOIN LATERAL (SELECT version, fields, locked FROM organisation_settings s
    WHERE s.organisation_id = o.organisation_id ORDER BY s.version DESC LIMIT 1) s
WHERE o.organisation_id = :organisation_id;

-- name: lock_organisation
SELECT FROM organisations WHERE organisation_id = :organisation_id FOR NO KEY UPDATE;

-- name: organisations
SELECT o.organisation_id, o.name, count(p.practice_id) AS practices
FROM organisations o LEFT JOIN practices p USING (organisation_id)
GROUP BY 1, 2 ORDER BY 1;

-- name: members
-- A page of a group's practices, in the order of their locks.
SELECT practice_id FROM practices
WHERE organisation_id = :organisation_id AND practice_id > :after ORDER BY practice_id LIMIT :most;
