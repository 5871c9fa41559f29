-- Appointments of a practice's own system and what they cost (RD-2): the last week and the next three months. What is
-- planned or done stands sealed in `detail` (H-13); the clock is the practice's own.
CREATE TABLE mirror_appointments (
    practice_id    text NOT NULL REFERENCES practices,
    appointment_id text NOT NULL,
    pms_patient_id text NOT NULL,
    day            date NOT NULL,
    starts_at      time NOT NULL,
    state          text NOT NULL CHECK (state IN ('SCHEDULED', 'COMPLETED', 'CANCELLED', 'MISSED')),
    provider_id    text,
    detail         bytea NOT NULL,
    run            bigint NOT NULL,
    read_at        timestamptz NOT NULL,
    PRIMARY KEY (practice_id, appointment_id)
) WITH (fillfactor = 80);
CREATE INDEX mirror_appointments_day ON mirror_appointments (practice_id, day);

-- Procedures that are attached to an appointment; their fees together are its cost.
CREATE TABLE mirror_procedures (
    practice_id    text NOT NULL REFERENCES practices,
    procedure_id   text NOT NULL,
    appointment_id text NOT NULL,
    pms_patient_id text NOT NULL,
    fee_minor      bigint NOT NULL,
    done_on        date,
    changed_on     date NOT NULL,
    detail         bytea NOT NULL,
    run            bigint NOT NULL,
    read_at        timestamptz NOT NULL,
    PRIMARY KEY (practice_id, procedure_id)
) WITH (fillfactor = 80);
CREATE INDEX mirror_procedures_of ON mirror_procedures (practice_id, appointment_id);

-- Who is covered by which insurance (RD-3): a subscription to a plan, and the patients whom it covers. The number by which an
-- insurer knows the subscriber stands sealed.
CREATE TABLE mirror_subscriptions (
    practice_id     text NOT NULL REFERENCES practices,
    subscription_id text NOT NULL,
    plan_id         text,
    subscriber_id   text,
    effective_on    date,
    ends_on         date,
    number          bytea NOT NULL,
    run             bigint NOT NULL,
    read_at         timestamptz NOT NULL,
    PRIMARY KEY (practice_id, subscription_id)
) WITH (fillfactor = 80);
COMMENT ON COLUMN mirror_subscriptions.subscriber_id IS 'the patient whose subscription it is, where the system says';

CREATE TABLE mirror_coverages (
    practice_id     text NOT NULL REFERENCES practices,
    coverage_id     text NOT NULL,
    pms_patient_id  text NOT NULL,
    subscription_id text NOT NULL,
    priority        smallint NOT NULL,
    relation        text NOT NULL,
    pending         boolean NOT NULL,
    run             bigint NOT NULL,
    read_at         timestamptz NOT NULL,
    PRIMARY KEY (practice_id, coverage_id)
) WITH (fillfactor = 80);
COMMENT ON COLUMN mirror_coverages.priority IS '1: this one pays first';
CREATE INDEX mirror_coverages_of ON mirror_coverages (practice_id, pms_patient_id);
