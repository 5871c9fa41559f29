-- An entry is written once. What changes while it is unfinished stands in a narrow row of `work`, which is deleted when
-- the entry ends; each end is a row of `outcomes`, which is never changed. So a mark and a confirmation write little,
-- and what is finished costs nothing: claims, sweeps and gauges read `work`, whose size is what is open.

ALTER TABLE effects RENAME TO entries;
ALTER TABLE entries RENAME CONSTRAINT effects_pkey TO entries_pkey;
ALTER TABLE entries RENAME CONSTRAINT effects_identity TO entries_identity;
ALTER INDEX effects_dependents RENAME TO entries_dependents;
ALTER INDEX effects_charges RENAME TO entries_charges;

CREATE TABLE work (
    practice_id    text NOT NULL,
    effect_id      bigint NOT NULL,
    n              integer NOT NULL DEFAULT 1,
    connection_id  text NOT NULL,
    lane           text NOT NULL,
    depends_on     bigint,
    patient_ref    text,
    state          text NOT NULL,
    reopened_from  text,
    reason         text NOT NULL,
    planned_reason text,
    holds          text[] NOT NULL DEFAULT '{}',
    due_at         timestamptz NOT NULL,
    ledger_date    date NOT NULL,
    generation     integer NOT NULL DEFAULT 1,
    request_id     text NOT NULL,
    payload        bytea,
    payload_digest bytea,
    placement      jsonb,
    epoch          bigint NOT NULL DEFAULT 0,
    sent_at        timestamptz,
    settle_until   timestamptz,
    look_first     boolean NOT NULL DEFAULT false,
    attempts       integer NOT NULL DEFAULT 0,
    failing_since  timestamptz,
    last_code      text,
    redrives       integer NOT NULL DEFAULT 0,
    changed_at     timestamptz NOT NULL,
    PRIMARY KEY (practice_id, effect_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
        autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
COMMENT ON COLUMN work.n IS 'the number that its outcome will have: 1, and one more each time the entry is reopened';

CREATE TABLE outcomes (
    practice_id    text NOT NULL,
    effect_id      bigint NOT NULL,
    n              integer NOT NULL,
    was            text,
    state          text NOT NULL,
    reason         text NOT NULL,
    planned_reason text,
    holds          text[] NOT NULL DEFAULT '{}',
    connection_id  text,
    due_at         timestamptz NOT NULL,
    ledger_date    date NOT NULL,
    generation     integer NOT NULL DEFAULT 1,
    request_id     text NOT NULL,
    payload        bytea,
    payload_digest bytea,
    placement      jsonb,
    epoch          bigint NOT NULL DEFAULT 0,
    sent_at        timestamptz,
    settle_until   timestamptz,
    look_first     boolean NOT NULL DEFAULT false,
    attempts       integer NOT NULL DEFAULT 0,
    failing_since  timestamptz,
    last_code      text,
    redrives       integer NOT NULL DEFAULT 0,
    external_id    text,
    posted_at      timestamptz,
    changed_at     timestamptz NOT NULL,
    PRIMARY KEY (practice_id, effect_id, n)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);

-- A posted entry of which another attempt may stand too: when it is looked for once more (a late answer, an early find).
CREATE TABLE second_looks (
    practice_id   text NOT NULL,
    effect_id     bigint NOT NULL,
    connection_id text NOT NULL,
    look_at       timestamptz NOT NULL,
    PRIMARY KEY (practice_id, effect_id)
);
CREATE INDEX second_looks_due ON second_looks (practice_id, connection_id, look_at);

INSERT INTO second_looks SELECT practice_id, effect_id, connection_id, second_look_at FROM entries
WHERE second_look_at IS NOT NULL;

INSERT INTO work (practice_id, effect_id, connection_id, lane, depends_on, patient_ref, state, reason, planned_reason, holds,
    due_at, ledger_date, generation, request_id, payload, payload_digest, placement, epoch, sent_at, settle_until,
    look_first, attempts, failing_since, last_code, redrives, changed_at)
SELECT practice_id, effect_id, connection_id, lane, depends_on, patient_ref, state, reason, planned_reason, holds,
    due_at, ledger_date, generation, request_id, payload, payload_digest, placement, epoch, sent_at, settle_until,
    look_first, attempts, failing_since, last_code, redrives, changed_at
FROM entries
WHERE state NOT IN ('POSTED', 'RECORDED_MANUALLY', 'SKIPPED_DISABLED', 'SKIPPED_ZERO', 'VOIDED_BEFORE_POST', 'DISMISSED');

INSERT INTO outcomes (practice_id, effect_id, n, state, reason, planned_reason, holds, connection_id, due_at, ledger_date,
    generation, request_id, payload, payload_digest, placement, epoch, sent_at, settle_until, look_first, attempts,
    failing_since, last_code, redrives, external_id, posted_at, changed_at)
SELECT practice_id, effect_id, 1, state, reason, planned_reason, holds, connection_id, due_at, ledger_date, generation,
    request_id, payload, payload_digest, placement, epoch, sent_at, settle_until, look_first, attempts, failing_since,
    last_code, redrives, external_id, posted_at, changed_at
FROM entries
WHERE state IN ('POSTED', 'RECORDED_MANUALLY', 'SKIPPED_DISABLED', 'SKIPPED_ZERO', 'VOIDED_BEFORE_POST', 'DISMISSED');

-- The guards of the former table are made anew for both (`transitions`). Indexes that name a dropped column go with it.
DROP TRIGGER IF EXISTS effects_initial ON entries;
DROP TRIGGER IF EXISTS effects_transition ON entries;
ALTER TABLE entries
    DROP COLUMN state, DROP COLUMN reason, DROP COLUMN planned_reason, DROP COLUMN holds, DROP COLUMN due_at,
    DROP COLUMN connection_id, DROP COLUMN generation, DROP COLUMN request_id, DROP COLUMN payload,
    DROP COLUMN payload_digest, DROP COLUMN placement, DROP COLUMN epoch, DROP COLUMN sent_at, DROP COLUMN settle_until,
    DROP COLUMN look_first, DROP COLUMN attempts, DROP COLUMN failing_since, DROP COLUMN last_code,
    DROP COLUMN redrives, DROP COLUMN external_id, DROP COLUMN posted_at, DROP COLUMN second_look_at,
    DROP COLUMN changed_at,
    ALTER COLUMN instruction TYPE json USING instruction::json;
ALTER TABLE entries RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,
    autovacuum_vacuum_cost_delay);
ALTER TABLE entries SET (autovacuum_vacuum_insert_scale_factor = 0.05);

-- A lane in the order of its entries, and what of it is in doubt: one at most (law 23).
CREATE INDEX work_lanes ON work (practice_id, connection_id, lane, effect_id);
CREATE UNIQUE INDEX work_in_doubt ON work (practice_id, connection_id, lane)
    WHERE state IN ('SENDING', 'ACCEPTED', 'UNCERTAIN');
-- What a plan walks, in the order of ids.
CREATE INDEX work_ready ON work (practice_id, connection_id, effect_id) WHERE state IN ('SCHEDULED', 'RETRYING');
CREATE INDEX work_by_patient ON work (practice_id, patient_ref) WHERE state IN ('AWAITING_LINK', 'PAUSED');
CREATE INDEX work_attention ON work (state, practice_id)
    WHERE state NOT IN ('SCHEDULED', 'RETRYING', 'SENDING', 'ACCEPTED');
CREATE INDEX outcomes_external ON outcomes (external_id) WHERE external_id IS NOT NULL;

-- An entry as it stands now, finished or not: for reads by key. What looks for a state reads `work`.
CREATE VIEW effects AS
SELECT e.practice_id, e.effect_id, e.source, e.event_id, e.target, e.entry_kind, e.part,
       CASE WHEN w.n IS NULL THEN o.connection_id ELSE w.connection_id END AS connection_id,
       e.lane, e.depends_on,
       coalesce(w.state, o.state) AS state, coalesce(w.reason, o.reason) AS reason,
       CASE WHEN w.n IS NULL THEN o.planned_reason ELSE w.planned_reason END AS planned_reason,
       coalesce(w.holds, o.holds) AS holds, coalesce(w.due_at, o.due_at) AS due_at, e.late, e.amount_minor, e.currency,
       coalesce(w.ledger_date, o.ledger_date) AS ledger_date, e.patient_ref, e.settings_version, e.instruction,
       coalesce(w.generation, o.generation) AS generation, coalesce(w.request_id, o.request_id) AS request_id,
       CASE WHEN w.n IS NULL THEN o.payload ELSE w.payload END AS payload,
       CASE WHEN w.n IS NULL THEN o.payload_digest ELSE w.payload_digest END AS payload_digest,
       CASE WHEN w.n IS NULL THEN o.placement ELSE w.placement END AS placement,
       coalesce(w.epoch, o.epoch) AS epoch,
       CASE WHEN w.n IS NULL THEN o.sent_at ELSE w.sent_at END AS sent_at,
       CASE WHEN w.n IS NULL THEN o.settle_until ELSE w.settle_until END AS settle_until,
       coalesce(w.look_first, o.look_first) AS look_first, coalesce(w.attempts, o.attempts) AS attempts,
       CASE WHEN w.n IS NULL THEN o.failing_since ELSE w.failing_since END AS failing_since,
       CASE WHEN w.n IS NULL THEN o.last_code ELSE w.last_code END AS last_code,
       coalesce(w.redrives, o.redrives) AS redrives, o.external_id, o.posted_at,
       coalesce(w.changed_at, o.changed_at) AS changed_at,
       coalesce(w.n, o.n) AS n, w.n IS NOT NULL AS unfinished,
       (SELECT s.look_at FROM second_looks s
        WHERE s.practice_id = e.practice_id AND s.effect_id = e.effect_id) AS second_look_at
FROM entries e
LEFT JOIN work w ON w.practice_id = e.practice_id AND w.effect_id = e.effect_id
LEFT JOIN LATERAL (
    SELECT * FROM outcomes x WHERE x.practice_id = e.practice_id AND x.effect_id = e.effect_id AND w.n IS NULL
    ORDER BY x.n DESC LIMIT 1) o ON true;

-- The same of what is unfinished alone: for reads by state.
CREATE VIEW open_effects AS
SELECT e.practice_id, e.effect_id, e.source, e.event_id, e.target, e.entry_kind, e.part, w.connection_id, w.lane,
       w.depends_on, w.state, w.reason, w.planned_reason, w.holds, w.due_at, e.late, e.amount_minor, e.currency,
       w.ledger_date, e.patient_ref, e.settings_version, e.instruction, w.generation, w.request_id, w.payload,
       w.payload_digest, w.placement, w.epoch, w.sent_at, w.settle_until, w.look_first, w.attempts, w.failing_since,
       w.last_code, w.redrives, NULL::text AS external_id, NULL::timestamptz AS posted_at, w.changed_at, w.n,
       true AS unfinished
FROM work w JOIN entries e ON e.practice_id = w.practice_id AND e.effect_id = w.effect_id;
