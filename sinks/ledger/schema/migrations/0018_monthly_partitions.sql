-- A month's partition is made with what the catch-all table holds of that month, so that business time which jumped past
-- the months made ahead stops nobody: rows land in the catch-all table and move here with the next call.
CREATE OR REPLACE FUNCTION ensure_months(first_day date, months integer) RETURNS integer LANGUAGE plpgsql AS $body$
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
                -- Nobody inserts into the catch-all table between the move and the attachment.
                EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent || '_other');
                IF to_regclass(part_name) IS NOT NULL THEN
                    CONTINUE;
                END IF;
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', part_name, parent);
                EXECUTE format(
                    'WITH moved AS (DELETE FROM %I WHERE month = %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
                    parent || '_other', start_day, part_name);
                EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                    parent, part_name, start_day, (start_day + interval '1 month')::date);
                made := made + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN made;
END
$body$;

-- The months of a table that have a partition of their own.
CREATE FUNCTION months_of(parent text) RETURNS TABLE (month date, partition text, bytes bigint, rows bigint)
LANGUAGE sql STABLE AS $body$
    SELECT to_date(right(c.relname, 7), 'YYYY_MM'), c.relname::text, pg_total_relation_size(c.oid),
           greatest(c.reltuples, 0)::bigint
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = to_regclass(parent) AND c.relname ~ '_\d{4}_\d{2}$'
    ORDER BY 1
$body$;

-- What retention deletes row by row, found without reading what stays.
CREATE INDEX notices_closed ON notices (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX dead_letters_settled ON dead_letters (settled_at) WHERE settled_at IS NOT NULL;
