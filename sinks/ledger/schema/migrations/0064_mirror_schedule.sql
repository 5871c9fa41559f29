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
CREATE INDEX mirror_procedures_changed ON mirror_procedures (practice_id, changed_on);
