-- Positions in the same transaction as the data (law 3); local to the shard.
CREATE TABLE intake_offsets (
    topic_id    text NOT NULL,
    part        integer NOT NULL,
    next_offset bigint NOT NULL,
    changed_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic_id, part)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

-- Ids and partition counts as they were at the first start; another id or count stops the role (laws 5, 12).
CREATE TABLE topic_partitions (
    topic      text PRIMARY KEY,
    topic_id   text NOT NULL UNIQUE,
    partitions integer NOT NULL,
    seen_at    timestamptz NOT NULL DEFAULT now()
);

-- Exactly one per source record (law 11): the detector of promise 1. practice_id is '?' where the key is unreadable.
CREATE TABLE receipts (
    practice_id text NOT NULL,
    topic_id    text NOT NULL,
    part        integer NOT NULL,
    off         bigint NOT NULL,
    verdict     text NOT NULL CHECK (verdict IN ('FIRST', 'DUPLICATE', 'CONFLICT', 'OLD_VERSION', 'DEAD_LETTER')),
    source      text,
    event_id    text,
    PRIMARY KEY (practice_id, topic_id, part, off)
);

-- Slim for ever (law 28): the bytes and the plan are in `bodies`.
CREATE TABLE events (
    practice_id      text NOT NULL REFERENCES practices,
    source           text NOT NULL,
    event_id         text NOT NULL,
    subject          text NOT NULL,
    kind             text NOT NULL,
    version          integer NOT NULL,
    event_type       text NOT NULL,
    digest_v         smallint NOT NULL,
    digest           bytea NOT NULL,
    money_digest     bytea NOT NULL,
    occurred_at      timestamptz NOT NULL,
    appended_at      timestamptz NOT NULL,
    received_at      timestamptz NOT NULL,
    month            date NOT NULL,
    topic_id         text NOT NULL,
    part             integer NOT NULL,
    off              bigint NOT NULL,
    trace_id         text,
    waiting          text CHECK (waiting IN
        ('AWAITING_SETTINGS', 'AWAITING_ORIGINAL', 'AWAITING_FEE', 'AWAITING_REVIEW')),
    reason           text NOT NULL,
    applied          boolean NOT NULL DEFAULT false,
    resolved_at      timestamptz,
    settings_version integer,
    superseded_by    text,
    redecide_at      timestamptz,
    redecisions      integer NOT NULL DEFAULT 0,
    PRIMARY KEY (practice_id, source, event_id),
    CHECK ((waiting IS NULL) = (resolved_at IS NOT NULL))
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);
-- The same money is one, whoever tells it (E-1). A membership may supersede the bare payment that told it first (B-5).
CREATE UNIQUE INDEX events_money ON events (practice_id, source, subject, kind, version) WHERE superseded_by IS NULL;
CREATE INDEX events_waiting ON events (practice_id, waiting) WHERE waiting IS NOT NULL;
CREATE INDEX events_redecide ON events (redecide_at) WHERE redecide_at IS NOT NULL;

CREATE TABLE bodies (
    practice_id  text NOT NULL,
    month        date NOT NULL,
    source       text NOT NULL,
    event_id     text NOT NULL,
    original_key bytea NOT NULL,
    original     bytea NOT NULL,
    plan         bytea NOT NULL,
    PRIMARY KEY (practice_id, month, source, event_id)
) PARTITION BY RANGE (month);
CREATE TABLE bodies_other PARTITION OF bodies DEFAULT;

-- One row per dead letter: at stage decode, rules and intake per source record, later per effect and redrive.
CREATE TABLE dead_letters (
    practice_id      text NOT NULL,
    topic_id         text NOT NULL,
    part             integer NOT NULL,
    off              bigint NOT NULL,
    effect_id        bigint NOT NULL DEFAULT 0,
    redrives         integer NOT NULL DEFAULT 0,
    topic            text NOT NULL,
    stage            text NOT NULL CHECK (stage IN ('decode', 'rules', 'intake', 'post', 'readback')),
    reason           text NOT NULL,
    field            text,
    source           text,
    event_id         text,
    target           text,
    ambiguous        boolean NOT NULL DEFAULT false,
    attempts         integer NOT NULL DEFAULT 0,
    first_failed_at  timestamptz NOT NULL,
    last_failed_at   timestamptz NOT NULL,
    headers          jsonb NOT NULL DEFAULT '{}',
    key              bytea,
    value            bytea,
    dl_topic_id      text NOT NULL,
    dl_part          integer NOT NULL,
    dl_off           bigint NOT NULL,
    stored_at        timestamptz NOT NULL,
    settled_at       timestamptz,
    settled_as       text,
    settled_by       text,
    PRIMARY KEY (practice_id, topic_id, part, off, effect_id, redrives)
);
CREATE INDEX dead_letters_open ON dead_letters (practice_id, reason) WHERE settled_at IS NULL;

-- What Postgres-side roles publish. A settings row has no value: the relay reads the truth when it sends (law 14).
-- `enqueued` orders rows of one transaction; it is no watermark (law 25).
CREATE TABLE outbox (
    practice_id text NOT NULL,
    id          uuid NOT NULL,
    topic       text NOT NULL,
    key         bytea,
    value       bytea,
    headers     jsonb NOT NULL DEFAULT '[]',
    part        integer,
    created_at  timestamptz NOT NULL DEFAULT now(),
    enqueued    bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (practice_id, id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX outbox_order ON outbox (enqueued);

CREATE TABLE ledger_era (
    only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    system_id bigint NOT NULL,
    timeline  bigint NOT NULL,
    era       integer NOT NULL,
    raised_at timestamptz NOT NULL
);
