-- Who patients are, as the upstream says on `patients.v1`: read by the role `sync`, which can read it again from the
-- beginning at any time. Practices that nobody has added are not refused: their rows wait like the topic's records.

-- `identity` is an envelope whose key is elsewhere (H-13). `unopened` is a newer identity whose key, named by `kid`, is not
-- here: still as the upstream encrypted it. The record with the highest offset counts; `run` is the reading of the
-- partition that showed it last.
CREATE TABLE patient_identities (
    practice_id text NOT NULL,
    patient_ref text NOT NULL,
    identity    bytea,
    unopened    text,
    kid         text,
    merged_into text,
    topic_id    text NOT NULL,
    part        integer NOT NULL,
    off         bigint NOT NULL,
    run         bigint NOT NULL,
    read_at     timestamptz NOT NULL,
    PRIMARY KEY (practice_id, patient_ref),
    CHECK ((unopened IS NULL) = (kid IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX patient_identities_run ON patient_identities (part, run);
CREATE INDEX patient_identities_unopened ON patient_identities (practice_id, patient_ref) WHERE kid IS NOT NULL;

-- The patient's numbers in other systems, searched by number.
CREATE TABLE patient_external_ids (
    practice_id text NOT NULL,
    external_id text NOT NULL,
    system      text NOT NULL,
    patient_ref text NOT NULL,
    PRIMARY KEY (practice_id, external_id, system, patient_ref),
    FOREIGN KEY (practice_id, patient_ref) REFERENCES patient_identities ON DELETE CASCADE
);
CREATE INDEX patient_external_ids_of ON patient_external_ids (practice_id, patient_ref);

-- Positions in the same transaction as the rows (law 3). `rebuilt_to`: where the partition ended when a reading from its
-- beginning began, null when none is under way. `read_at` is the machine's time: for a partition that was not read for long,
-- tombstones may be gone from the topic.
CREATE TABLE patient_positions (
    part        integer PRIMARY KEY,
    topic_id    text NOT NULL,
    next_offset bigint NOT NULL,
    run         bigint NOT NULL,
    rebuilt_to  bigint,
    read_at     timestamptz NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
