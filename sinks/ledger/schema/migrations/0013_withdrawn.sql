-- Versions of settings that were taken back before they began, so that nothing was ever decided under one. They stay,
-- with who and why, and their numbers are never used again (law 15).
CREATE TABLE settings_withdrawn (
    practice_id    text NOT NULL REFERENCES practices,
    version        integer NOT NULL CHECK (version >= 1),
    effective_from timestamptz NOT NULL,
    body           jsonb NOT NULL,
    own            text[] NOT NULL,
    saved_at       timestamptz NOT NULL,
    saved_by       text NOT NULL,
    reason         text NOT NULL,
    withdrawn_at   timestamptz NOT NULL CHECK (withdrawn_at < effective_from),
    withdrawn_by   text NOT NULL,
    why            text NOT NULL,
    PRIMARY KEY (practice_id, version)
);

CREATE FUNCTION table_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$body$;
CREATE TRIGGER settings_withdrawn_append_only BEFORE UPDATE OR DELETE ON settings_withdrawn
    FOR EACH ROW EXECUTE FUNCTION table_is_append_only();
CREATE TRIGGER settings_withdrawn_no_truncate BEFORE TRUNCATE ON settings_withdrawn
    FOR EACH STATEMENT EXECUTE FUNCTION table_is_append_only();
