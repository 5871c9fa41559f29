-- The practice's row is the lock of all who write its ledger (law 8); `seq` gives its effects their ids, so that the
-- order of ids is the order of commits. `added_at` is null for a practice that only events have named so far (law 10).
CREATE TABLE practices (
    practice_id text PRIMARY KEY,
    seq         bigint NOT NULL DEFAULT 0,
    name        text,
    added_at    timestamptz,
    added_by    text
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

CREATE TABLE practice_contacts (
    practice_id text NOT NULL REFERENCES practices,
    email       text NOT NULL,
    role        text NOT NULL DEFAULT 'STAFF',
    added_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (practice_id, email)
);

-- Append-only truth of the settings (law 15). `applied_at` is null until a version that starts later has started.
CREATE TABLE settings (
    practice_id    text NOT NULL REFERENCES practices,
    version        integer NOT NULL CHECK (version >= 1),
    effective_from timestamptz NOT NULL,
    body           jsonb NOT NULL,
    saved_at       timestamptz NOT NULL,
    saved_by       text NOT NULL,
    reason         text NOT NULL,
    applied_at     timestamptz,
    PRIMARY KEY (practice_id, version),
    UNIQUE (practice_id, effective_from)
);
CREATE INDEX settings_to_apply ON settings (effective_from) WHERE applied_at IS NULL;

CREATE TABLE patient_links (
    practice_id    text NOT NULL REFERENCES practices,
    patient_ref    text NOT NULL,
    pms_patient_id text NOT NULL,
    linked_by      text NOT NULL,
    linked_at      timestamptz NOT NULL,
    PRIMARY KEY (practice_id, patient_ref)
);

-- One row per account at a target, whoever shares it (law 22). `secret` is an envelope whose key is elsewhere (S-1).
CREATE TABLE connections (
    home_practice_id    text NOT NULL REFERENCES practices,
    connection_id       text NOT NULL,
    target              text NOT NULL CHECK (target IN ('PMS', 'QUICKBOOKS')),
    route               text NOT NULL,
    base_url            text NOT NULL,
    account_fingerprint text NOT NULL UNIQUE,
    config              jsonb NOT NULL DEFAULT '{}',
    secret              bytea,
    secret_version      bigint NOT NULL DEFAULT 0,
    enabled             boolean NOT NULL DEFAULT true,
    owner               text,
    epoch               bigint NOT NULL DEFAULT 0,
    lease_until         timestamptz NOT NULL DEFAULT 'epoch',
    not_before          timestamptz NOT NULL DEFAULT 'epoch',
    limiter             jsonb,
    breaker             jsonb,
    closed_reason       text,
    closed_at           timestamptz,
    added_at            timestamptz NOT NULL DEFAULT now(),
    added_by            text,
    changed_at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (home_practice_id, connection_id)
) WITH (fillfactor = 70);

CREATE TABLE practice_connections (
    practice_id      text NOT NULL REFERENCES practices,
    target           text NOT NULL CHECK (target IN ('PMS', 'QUICKBOOKS')),
    home_practice_id text NOT NULL,
    connection_id    text NOT NULL,
    PRIMARY KEY (practice_id, target),
    FOREIGN KEY (home_practice_id, connection_id) REFERENCES connections
);
CREATE INDEX practice_connections_by_connection ON practice_connections (home_practice_id, connection_id);

-- Who did what (H-15): rows are chained by hash per practice, and can be neither changed nor removed.
CREATE TABLE audit (
    practice_id text NOT NULL,
    n           bigint NOT NULL,
    at          timestamptz NOT NULL,
    actor       text NOT NULL,
    action      text NOT NULL,
    subject     text,
    before      jsonb,
    after       jsonb,
    why         text,
    previous    bytea NOT NULL,
    digest      bytea NOT NULL,
    PRIMARY KEY (practice_id, n)
);
