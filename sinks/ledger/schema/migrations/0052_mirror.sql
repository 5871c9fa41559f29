-- The mirror: what the role `sync` has read from the practices' own systems (RD-1 to RD-6). It decides nothing of money:
-- every row can be read again, and whoever posts reads the target itself.

-- How often a practice's system is read (SYN-1, SYN-2).
ALTER TABLE practices ADD COLUMN sync_every text NOT NULL DEFAULT 'DAILY' CHECK (sync_every IN ('DAILY', 'HOURLY'));

-- One row per practice with a practice system: when it is read next, and by whom now. `account` is the one that its rows
-- were read from: another one makes all of them void.
CREATE TABLE mirror_practices (
    practice_id text PRIMARY KEY REFERENCES practices,
    account     text,
    due_at      timestamptz NOT NULL,
    owner       text,
    epoch       bigint NOT NULL DEFAULT 0,
    lease_until timestamptz NOT NULL DEFAULT 'epoch',
    round_at    timestamptz,
    round_full  boolean NOT NULL DEFAULT false,
    full_wanted boolean NOT NULL DEFAULT false,
    failures    integer NOT NULL DEFAULT 0,
    read_at     timestamptz,
    result      text,
    code        text
) WITH (fillfactor = 70);
COMMENT ON COLUMN mirror_practices.round_at IS 'when the round that is under way began; null: none is';
CREATE INDEX mirror_practices_due ON mirror_practices (due_at);

-- Of each kind: the watermark of the last finished read, and how far the one that is under way has come.
CREATE TABLE mirror_reads (
    practice_id    text NOT NULL REFERENCES practices,
    kind           text NOT NULL,
    watermark      text,
    read_at        timestamptz,
    whole_at       timestamptz,
    rows           bigint NOT NULL DEFAULT 0,
    skipped        bigint NOT NULL DEFAULT 0,
    tried_at       timestamptz,
    result         text,
    code           text,
    run            bigint NOT NULL DEFAULT 0,
    run_began_at   timestamptz,
    run_since      text,
    run_window     date,
    run_position   text NOT NULL DEFAULT '',
    run_watermark  text,
    run_whole_from date,
    run_swept      text,
    run_rows       bigint NOT NULL DEFAULT 0,
    run_skipped    bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (practice_id, kind)
) WITH (fillfactor = 70);
COMMENT ON COLUMN mirror_reads.run_began_at IS 'when the read that is under way began; null: none is';
COMMENT ON COLUMN mirror_reads.run_swept IS 'after the last page: up to which number it was looked for what is gone';

-- `identity` is an envelope whose key is elsewhere (H-13).
CREATE TABLE mirror_patients (
    practice_id    text NOT NULL REFERENCES practices,
    pms_patient_id text NOT NULL,
    guarantor_id   text,
    in_use         boolean NOT NULL,
    identity       bytea NOT NULL,
    run            bigint NOT NULL,
    read_at        timestamptz NOT NULL,
    gone_at        timestamptz,
    PRIMARY KEY (practice_id, pms_patient_id)
) WITH (fillfactor = 80);

CREATE TABLE mirror_choices (
    practice_id text NOT NULL REFERENCES practices,
    kind        text NOT NULL,
    value       text NOT NULL,
    name        text NOT NULL,
    detail      text NOT NULL,
    usable      boolean NOT NULL,
    run         bigint NOT NULL,
    read_at     timestamptz NOT NULL,
    PRIMARY KEY (practice_id, kind, value)
);

-- The recent window of patients' ledgers. `ours`: this program wrote it. `changed_at`: since it was first read, another
-- amount, date or patient.
CREATE TABLE mirror_entries (
    practice_id    text NOT NULL REFERENCES practices,
    external_id    text NOT NULL,
    kind           text NOT NULL,
    pms_patient_id text NOT NULL,
    amount_minor   bigint NOT NULL,
    entry_date     date NOT NULL,
    made_on        date NOT NULL,
    ours           boolean NOT NULL,
    run            bigint NOT NULL,
    read_at        timestamptz NOT NULL,
    changed_at     timestamptz,
    gone_at        timestamptz,
    PRIMARY KEY (practice_id, external_id)
) WITH (fillfactor = 80);
CREATE INDEX mirror_entries_made ON mirror_entries (practice_id, kind, made_on);
