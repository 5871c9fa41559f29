-- Months are made ahead; a row of any other month goes to the default partition, so nothing is ever refused.
CREATE FUNCTION ensure_months(first_day date, months integer) RETURNS integer LANGUAGE plpgsql AS $body$
DECLARE
    parent text;
    start_day date;
    made integer := 0;
    part_name text;
BEGIN
    FOREACH parent IN ARRAY ARRAY['bodies', 'attempts'] LOOP
        FOR i IN 0..months LOOP
            start_day := (date_trunc('month', first_day) + make_interval(months => i))::date;
            part_name := parent || '_' || to_char(start_day, 'YYYY_MM');
            IF to_regclass(part_name) IS NULL THEN
                EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                    part_name, parent, start_day, (start_day + interval '1 month')::date);
                made := made + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN made;
END
$body$;

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'insufficient_privilege';
END
$body$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

-- Appends one chained row (H-15). The caller holds the practice's lock, which keeps `n` without gaps.
CREATE FUNCTION audit_append(p text, happened_at timestamptz, who text, what text, about text,
                             was jsonb, becomes jsonb, because text) RETURNS bigint LANGUAGE plpgsql AS $body$
DECLARE
    last audit%ROWTYPE;
    next_n bigint;
    link bytea;
BEGIN
    SELECT * INTO last FROM audit WHERE practice_id = p ORDER BY n DESC LIMIT 1;
    next_n := coalesce(last.n, 0) + 1;
    link := coalesce(last.digest, ''::bytea);
    INSERT INTO audit VALUES (p, next_n, happened_at, who, what, about, was, becomes, because, link,
        audit_digest(p, next_n, happened_at, who, what, about, was, becomes, because, link));
    RETURN next_n;
END
$body$;

CREATE FUNCTION audit_digest(p text, n bigint, happened_at timestamptz, who text, what text, about text,
                             was jsonb, becomes jsonb, because text, link bytea) RETURNS bytea
LANGUAGE sql STABLE AS $body$
    SELECT sha256(link || convert_to(jsonb_build_array(
        p, n, extract(epoch FROM happened_at), who, what, about, was, becomes, because)::text, 'UTF8'))
$body$;

-- The same part of a minute for a practice always, so that a cut-off shared by thousands is no single burst (law 24).
CREATE FUNCTION gate_jitter(p text, most_s integer) RETURNS interval LANGUAGE sql IMMUTABLE AS $body$
    SELECT make_interval(secs => (hashtext(p) & 2147483647) % (most_s + 1))
$body$;
