-- One entry at one target. `holds` are the waiting states that still stand by decision or by a missing fact
-- (review, clearance, allocation, manual post); the link and the master switch are looked up.
CREATE TABLE effects (
    practice_id      text NOT NULL,
    effect_id        bigint NOT NULL,
    source           text NOT NULL,
    event_id         text NOT NULL,
    target           text NOT NULL CHECK (target IN ('PMS', 'QUICKBOOKS')),
    entry_kind       text NOT NULL,
    part             text NOT NULL,
    connection_id    text,
    lane             text NOT NULL,
    depends_on       bigint,
    state            text NOT NULL CHECK (state IN (
        'AWAITING_REVIEW', 'AWAITING_CLEARANCE', 'AWAITING_LINK', 'AWAITING_ALLOCATION', 'AWAITING_MANUAL_POST',
        'PAUSED', 'SCHEDULED', 'SENDING', 'ACCEPTED', 'RETRYING', 'UNCERTAIN', 'INVALID_CONFIG', 'BLOCKED_PERIOD',
        'REJECTED', 'DEAD_LETTERED', 'POSTED', 'RECORDED_MANUALLY', 'SKIPPED_DISABLED', 'SKIPPED_ZERO',
        'VOIDED_BEFORE_POST', 'DISMISSED')),
    reason           text NOT NULL,
    holds            text[] NOT NULL DEFAULT '{}',
    due_at           timestamptz NOT NULL,
    late             boolean NOT NULL DEFAULT false,
    amount_minor     bigint NOT NULL,
    currency         text NOT NULL,
    ledger_date      date NOT NULL,
    patient_ref      text,
    settings_version integer,
    instruction      jsonb NOT NULL,
    generation       integer NOT NULL DEFAULT 1,
    request_id       text NOT NULL,
    payload          bytea,
    payload_digest   bytea,
    epoch            bigint NOT NULL DEFAULT 0,
    sent_at          timestamptz,
    settle_until     timestamptz,
    look_first       boolean NOT NULL DEFAULT false,
    attempts         integer NOT NULL DEFAULT 0,
    failing_since    timestamptz,
    last_code        text,
    redrives         integer NOT NULL DEFAULT 0,
    external_id      text,
    posted_at        timestamptz,
    changed_at       timestamptz NOT NULL,
    PRIMARY KEY (practice_id, effect_id),
    CONSTRAINT effects_identity UNIQUE (practice_id, source, event_id, target, entry_kind, part),
    CONSTRAINT effects_request UNIQUE (practice_id, connection_id, request_id),
    FOREIGN KEY (practice_id, source, event_id) REFERENCES events,
    FOREIGN KEY (practice_id, depends_on) REFERENCES effects,
    CHECK (connection_id IS NOT NULL OR state IN
        ('SKIPPED_DISABLED', 'SKIPPED_ZERO', 'RECORDED_MANUALLY', 'DISMISSED', 'VOIDED_BEFORE_POST'))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
        autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX effects_lanes ON effects (practice_id, connection_id, lane, effect_id)
    WHERE state IN ('SCHEDULED', 'RETRYING', 'SENDING', 'ACCEPTED', 'UNCERTAIN');
CREATE UNIQUE INDEX effects_in_doubt ON effects (practice_id, connection_id, lane)
    WHERE state IN ('SENDING', 'ACCEPTED', 'UNCERTAIN');
CREATE INDEX effects_dependents ON effects (practice_id, depends_on) WHERE depends_on IS NOT NULL;
CREATE INDEX effects_awaiting_link ON effects (practice_id, patient_ref) WHERE state = 'AWAITING_LINK';
CREATE INDEX effects_paused ON effects (practice_id) WHERE state = 'PAUSED';
CREATE INDEX effects_attention ON effects (state, practice_id)
    WHERE state IN ('INVALID_CONFIG', 'BLOCKED_PERIOD', 'REJECTED', 'DEAD_LETTERED', 'UNCERTAIN');

-- The unit of claiming (law 21).
CREATE TABLE gates (
    practice_id   text NOT NULL REFERENCES practices,
    connection_id text NOT NULL,
    next_due_at   timestamptz,
    not_before    timestamptz NOT NULL DEFAULT 'epoch',
    epoch         bigint NOT NULL DEFAULT 0,
    owner         text,
    lease_until   timestamptz NOT NULL DEFAULT 'epoch',
    breaker       jsonb,
    limiter       jsonb,
    closed_reason text,
    closed_at     timestamptz,
    PRIMARY KEY (practice_id, connection_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500,
        autovacuum_vacuum_cost_delay = 0);
CREATE INDEX gates_due ON gates (next_due_at) WHERE next_due_at IS NOT NULL;

-- Append-only, late answers too; by month, so that old ones can be dropped (law 28).
CREATE TABLE attempts (
    practice_id       text NOT NULL,
    month             date NOT NULL,
    effect_id         bigint NOT NULL,
    n                 integer NOT NULL,
    phase             text NOT NULL CHECK (phase IN ('post', 'readback')),
    epoch             bigint NOT NULL,
    generation        integer NOT NULL DEFAULT 1,
    request_id        text NOT NULL,
    began_at          timestamptz,
    ended_at          timestamptz NOT NULL,
    answer            text NOT NULL,
    scope             text,
    reason            text,
    code              text,
    external_ids      text[] NOT NULL DEFAULT '{}',
    vendor_request_id text,
    late              boolean NOT NULL DEFAULT false,
    PRIMARY KEY (practice_id, month, effect_id, n, phase, epoch)
) PARTITION BY RANGE (month);
CREATE TABLE attempts_other PARTITION OF attempts DEFAULT;

CREATE TABLE notices (
    practice_id text NOT NULL,
    cause       text NOT NULL,
    opened_at   timestamptz NOT NULL,
    target      text,
    state       text,
    reason      text NOT NULL,
    items       integer NOT NULL DEFAULT 1,
    suppressed  integer NOT NULL DEFAULT 0,
    reminded_at timestamptz,
    closed_at   timestamptz,
    PRIMARY KEY (practice_id, cause, opened_at)
);
CREATE UNIQUE INDEX notices_open ON notices (practice_id, cause) WHERE closed_at IS NULL;

CREATE TABLE deliveries (
    practice_id text NOT NULL,
    cause       text NOT NULL,
    opened_at   timestamptz NOT NULL,
    step        text NOT NULL,
    channel     text NOT NULL,
    recipient   text NOT NULL,
    message_id  text NOT NULL,
    state       text NOT NULL CHECK (state IN ('DUE', 'SENDING', 'SENT', 'UNCERTAIN', 'FAILED')),
    attempts    integer NOT NULL DEFAULT 0,
    next_at     timestamptz NOT NULL DEFAULT 'epoch',
    marked_at   timestamptz,
    sent_at     timestamptz,
    code        text,
    PRIMARY KEY (practice_id, cause, opened_at, step, channel, recipient),
    FOREIGN KEY (practice_id, cause, opened_at) REFERENCES notices
);
CREATE INDEX deliveries_open ON deliveries (next_at) WHERE state IN ('DUE', 'SENDING', 'UNCERTAIN');
