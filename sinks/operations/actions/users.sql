-- name: add
INSERT INTO users (name, full_name, email, added_at, added_by) VALUES (:name, :full_name, :email, :at, :actor)
ON CONFLICT (name) DO NOTHING RETURNING name;

-- name: lock
SELECT name FROM users WHERE name = :name FOR UPDATE;

-- name: disable!
UPDATE users SET disabled_at = :at, disabled_by = :actor WHERE name = :name;

-- name: grant
INSERT INTO user_grants (name, role, practice_id, organisation_id, granted_at, granted_by)
VALUES (:name, :role, :practice_id, :organisation_id, :at, :actor) ON CONFLICT DO NOTHING RETURNING role;

-- name: revoke
DELETE FROM user_grants WHERE name = :name AND role = :role AND practice_id = :practice_id
  AND organisation_id = :organisation_id RETURNING role;

-- name: trail
-- One writer of this trail at a time: its entries are chained.
SELECT pg_advisory_xact_lock(hashtextextended(:trail, 0));
