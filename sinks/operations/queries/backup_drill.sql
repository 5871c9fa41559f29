-- name: relations
-- Every table with rows of its own, in a fixed order; what extensions keep is theirs.
SELECT n.nspname AS schema_name, c.relname AS table_name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_%%'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname, c.relname;

-- name: export_snapshot
-- One moment for the dump and for what it is compared with.
SELECT pg_export_snapshot();
