-- name: trails
-- The newest entry of each trail.
SELECT DISTINCT ON (practice_id) practice_id AS trail, n, encode(digest, 'hex') AS digest, at
FROM audit_trail.actions ORDER BY practice_id, n DESC;

-- name: entries_at
-- The hashes at the numbers of published heads.
SELECT a.practice_id AS trail, a.n, encode(a.digest, 'hex') AS digest, a.at
FROM unnest(:trails::text[], :numbers::bigint[]) AS h(trail, n)
JOIN audit_trail.actions a ON a.practice_id = h.trail AND a.n = h.n;

-- name: rewritable
-- Whether this user could change what stands in the trail: as its owner, as a superuser, or by a grant.
SELECT r.rolsuper OR pg_has_role(c.relowner, 'MEMBER') OR pg_has_role(n.nspowner, 'MEMBER')
       OR has_table_privilege(c.oid, 'UPDATE') OR has_table_privilege(c.oid, 'DELETE')
       OR has_table_privilege(c.oid, 'TRUNCATE') OR has_table_privilege(c.oid, 'TRIGGER')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, pg_roles r
WHERE c.oid = 'audit_trail.actions'::regclass AND r.rolname = current_user;
