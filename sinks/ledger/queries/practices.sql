-- name: newest_settings
SELECT version, effective_from, body, own FROM settings
WHERE practice_id = :practice_id ORDER BY version DESC LIMIT 1;

-- name: group_of
-- The values of a practice's group as they are now; none for a practice of its own.
SELECT o.organisation_id, o.name, s.version, s.fields, s.locked
FROM practices p JOIN organisations o USING (organisation_id)
CROSS JOIN LATERAL (SELECT version, fields, locked FROM organisation_settings s
    WHERE s.organisation_id = o.organisation_id ORDER BY s.version DESC LIMIT 1) s
WHERE p.practice_id = :practice_id;

-- name: pms_connection
-- What the practice's PMS connection can do, and whether anything ever told of cleared funds (T-13): by two indexes,
-- however many payments are stored.
SELECT c.capabilities, EXISTS (SELECT FROM payout_items i WHERE i.practice_id = p.practice_id) OR EXISTS (
    SELECT FROM events e WHERE e.practice_id = p.practice_id AND e.concerns IS NOT NULL AND e.kind = 'cleared')
FROM practice_connections p JOIN connections c USING (home_practice_id, connection_id)
WHERE p.practice_id = :practice_id AND p.target = 'PMS';

-- name: golive_standing
SELECT p.entitled_at, p.entitled_by, p.golive_at, p.golive_account, (
    SELECT c.account_fingerprint FROM practice_connections u JOIN connections c USING (home_practice_id, connection_id)
    WHERE u.practice_id = p.practice_id AND u.target = 'PMS')
FROM practices p WHERE p.practice_id = :practice_id;

-- name: entitle!
UPDATE practices SET entitled_at = :at::timestamptz, entitled_by = :actor WHERE practice_id = :practice_id;

-- name: passed_golive!
UPDATE practices SET golive_at = :at, golive_account = :account WHERE practice_id = :practice_id;

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
SELECT o.organisation_id, o.name, count(p.practice_id)
FROM organisations o LEFT JOIN practices p USING (organisation_id)
GROUP BY 1, 2 ORDER BY 1;

-- name: members
-- A page of a group's practices, in the order of their locks.
SELECT practice_id FROM practices
WHERE organisation_id = :organisation_id AND practice_id > :after ORDER BY practice_id LIMIT :most;
