-- The audit trail in a schema that another role can own (H-15): who runs the application may read and insert, nothing else.
-- The table chains its rows itself, so whoever inserts chooses neither number nor hash. `writeback audit protect` gives the
-- schema to its owner; until then it is the application's.
CREATE SCHEMA audit_trail;
ALTER TABLE audit SET SCHEMA audit_trail;
ALTER TABLE audit_trail.audit RENAME TO actions;
DROP TRIGGER audit_append_only ON audit_trail.actions;
DROP TRIGGER audit_no_truncate ON audit_trail.actions;
DROP FUNCTION audit_is_append_only();
DROP FUNCTION audit_digest(text, bigint, timestamptz, text, text, text, jsonb, jsonb, text, bytea);

CREATE FUNCTION audit_trail.digest(p text, n bigint, happened_at timestamptz, who text, what text, about text,
                                   was jsonb, becomes jsonb, because text, link bytea) RETURNS bytea
LANGUAGE sql STABLE AS $body$
    SELECT sha256(link || convert_to(jsonb_build_array(
        p, n, extract(epoch FROM happened_at), who, what, about, was, becomes, because)::text, 'UTF8'))
$body$;

-- The caller holds the practice's lock, which keeps `n` without gaps.
CREATE FUNCTION audit_trail.chain() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    last record;
BEGIN
    SELECT a.n, a.digest INTO last FROM audit_trail.actions a
    WHERE a.practice_id = NEW.practice_id ORDER BY a.n DESC LIMIT 1;
    NEW.n := coalesce(last.n, 0) + 1;
    NEW.previous := coalesce(last.digest, ''::bytea);
    NEW.digest := audit_trail.digest(NEW.practice_id, NEW.n, NEW.at, NEW.actor, NEW.action, NEW.subject,
                                     NEW.before, NEW.after, NEW.why, NEW.previous);
    RETURN NEW;
END
$body$;
CREATE TRIGGER chain BEFORE INSERT ON audit_trail.actions FOR EACH ROW EXECUTE FUNCTION audit_trail.chain();

CREATE FUNCTION audit_trail.refuse() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'insufficient_privilege';
END
$body$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_trail.actions
    FOR EACH ROW EXECUTE FUNCTION audit_trail.refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_trail.actions
    FOR EACH STATEMENT EXECUTE FUNCTION audit_trail.refuse();

CREATE VIEW audit AS SELECT * FROM audit_trail.actions;

-- For roles of the release before.
CREATE OR REPLACE FUNCTION audit_append(p text, happened_at timestamptz, who text, what text, about text,
                                        was jsonb, becomes jsonb, because text) RETURNS bigint LANGUAGE sql AS $body$
    INSERT INTO audit_trail.actions (practice_id, at, actor, action, subject, before, after, why)
    VALUES (p, happened_at, who, what, about, was, becomes, because) RETURNING n
$body$;
