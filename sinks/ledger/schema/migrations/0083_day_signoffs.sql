-- Days that a named person signed, with the figures that they signed: what was changed since is seen beside them.
CREATE TABLE day_signoffs (
    practice_id text NOT NULL REFERENCES practices,
    day         date NOT NULL,
    n           integer NOT NULL,
    figures     jsonb NOT NULL,
    complete    boolean NOT NULL,
    signed_at   timestamptz NOT NULL,
    signed_by   text NOT NULL,
    why         text NOT NULL,
    PRIMARY KEY (practice_id, day, n)
);
CREATE INDEX mirror_entries_dated ON mirror_entries (practice_id, entry_date);
