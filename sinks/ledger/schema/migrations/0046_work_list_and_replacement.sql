-- What a person writes beside an entry that they made by hand: a check's number, the reason for another amount.
ALTER TABLE recorded_amounts ADD COLUMN note text;

-- The patients' numbers at a system that a practice has left: what still follows an entry there is entered under them.
CREATE TABLE former_links (
    practice_id    text NOT NULL REFERENCES practices,
    connection_id  text NOT NULL,
    patient_ref    text NOT NULL,
    pms_patient_id text NOT NULL,
    replaced_at    timestamptz NOT NULL,
    PRIMARY KEY (practice_id, connection_id, patient_ref)
);
