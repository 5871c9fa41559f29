-- The second wall between practices, as `walls.py` raises it and the operations stand behind it.

-- name: unwalled
-- Tables that this user owns, with the column that names their practice, which have no policy yet.
SELECT c.oid::regclass::text AS name, a.attname::text AS of_practice
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
    AND a.attname IN ('practice_id', 'home_practice_id', 'organisation_id')
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = ANY(:schemas::regnamespace[])
  AND NOT c.oid::regclass::text = ANY(:unwalled::text[]) AND pg_has_role(c.relowner, 'USAGE')
  AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'practice_wall')
ORDER BY c.oid, array_position(ARRAY['practice_id', 'home_practice_id', 'organisation_id'], a.attname::text);

-- name: ungranted
-- Tables and views that this user owns and the people's role may not use as it has to.
SELECT c.oid::regclass::text AS name, w.needed
FROM pg_class c
CROSS JOIN LATERAL (SELECT CASE
    WHEN c.oid::regclass::text = ANY(:append_only::text[]) THEN 'SELECT,INSERT'
    WHEN c.oid::regclass::text = ANY(:read_only::text[]) THEN 'SELECT'
    ELSE 'SELECT,INSERT,UPDATE,DELETE' END AS needed OFFSET 0) w
WHERE c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition AND c.relnamespace = ANY(:schemas::regnamespace[])
  AND NOT c.oid::regclass::text = ANY(:hidden::text[])
  AND (:everybodys::boolean OR pg_has_role(c.relowner, 'USAGE'))
  AND EXISTS (SELECT FROM unnest(string_to_array(w.needed, ',')) n WHERE NOT has_table_privilege(:role, c.oid, n))
ORDER BY c.oid;

-- name: closed_schemas
SELECT n.oid::regnamespace::text FROM pg_namespace n
WHERE n.oid = ANY(:schemas::regnamespace[]) AND NOT has_schema_privilege(:role, n.oid, 'USAGE')
  AND (:everybodys::boolean OR pg_has_role(n.nspowner, 'USAGE'));

-- name: unguarded_views
-- Views that would read their tables with their owner's rights, past every policy.
SELECT c.oid::regclass::text FROM pg_class c
WHERE c.relkind = 'v' AND c.relnamespace = ANY(:schemas::regnamespace[]) AND pg_has_role(c.relowner, 'USAGE')
  AND NOT coalesce('security_invoker=true' = ANY(c.reloptions), false) ORDER BY c.oid;

-- name: walls_missing
SELECT count(*) FROM pg_class c
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = ANY(:schemas::regnamespace[])
  AND NOT c.oid::regclass::text = ANY(:unwalled::text[])
  AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped
              AND a.attname IN ('practice_id', 'home_practice_id', 'organisation_id'))
  AND NOT (c.relrowsecurity
           AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'practice_wall'));

-- name: may_create_role
SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user;

-- name: role_exists
SELECT true FROM pg_roles WHERE rolname = :role;

-- name: may_become
-- Whether a user can take the people's role; NULL where there is none.
SELECT pg_has_role(:user::text, oid, 'SET') FROM pg_roles WHERE rolname = :role;

-- name: may_grant_role
SELECT pg_has_role(current_user, oid, 'MEMBER WITH ADMIN OPTION') FROM pg_roles WHERE rolname = :role;

-- name: current_user
SELECT current_user::text;

-- name: enter
-- From here on this connection sees the practices that are named, and those that post through one account with them:
-- what is changed of that account is changed for all of them.
SELECT set_config('writeback.scope', coalesce((
           SELECT string_agg(p, E'\n') FROM (
               SELECT unnest(:scope::text[])
               UNION SELECT m.home_practice_id FROM practice_connections m WHERE m.practice_id = ANY(:scope::text[])
               UNION SELECT o.practice_id FROM practice_connections m
                     JOIN practice_connections o
                         ON o.home_practice_id = m.home_practice_id AND o.connection_id = m.connection_id
                     WHERE m.practice_id = ANY(:scope::text[])) AS s (p)), ''), false),
       set_config('role', :role::text, false);

-- name: leave
SELECT set_config('role', 'none', false), set_config('writeback.scope', '', false);
