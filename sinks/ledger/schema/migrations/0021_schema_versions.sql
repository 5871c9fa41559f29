-- What this database was brought to, and from which version on a program can use it: roles and commands read it.
CREATE TABLE schema_versions (
    n           integer PRIMARY KEY,
    version     integer NOT NULL,
    serves_from integer NOT NULL,
    digest      text NOT NULL,
    migrated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN schema_versions.version IS 'number of the newest migration of the program that migrated';
COMMENT ON COLUMN schema_versions.serves_from IS 'the oldest version whose programs still work on this schema';
COMMENT ON COLUMN schema_versions.digest IS 'of the functions and the guard of transitions, which are made from the program';
