-- The version of the schema, as `version.py` judges it.

-- name: has_migrations
SELECT to_regclass('_yoyo_migration')::text;

-- name: has_versions
SELECT to_regclass('schema_versions')::text;

-- name: newest_version
-- `known`: this program's functions were installed here before.
SELECT v.version, v.serves_from, v.digest, EXISTS (SELECT FROM schema_versions e WHERE e.digest = :digest) AS known
FROM schema_versions v ORDER BY v.n DESC LIMIT 1;

-- name: missing_migrations
SELECT count(*) FROM unnest(:known::text[]) k
WHERE NOT EXISTS (SELECT FROM _yoyo_migration m WHERE m.migration_id = k);

-- name: marks
SELECT obj_description(to_regprocedure(f), 'pg_proc') FROM unnest(:functions::text[]) f;

-- name: record_version
INSERT INTO schema_versions (n, version, serves_from, digest)
SELECT coalesce(max(n), 0) + 1, :version, :serves_from, :digest FROM schema_versions;

-- name: make_months
SELECT ensure_months(current_date, :months);
