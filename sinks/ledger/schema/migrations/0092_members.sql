-- Members of a practice's own plan, as people keep them: who it is stands with the reference, whose link posts their money.
CREATE TABLE members (
    practice_id text NOT NULL REFERENCES practices,
    member_id   text NOT NULL,
    patient_ref text NOT NULL,
    plan        text NOT NULL,
    status      text NOT NULL,
    added_at    timestamptz NOT NULL,
    added_by    text NOT NULL,
    changed_at  timestamptz NOT NULL,
    PRIMARY KEY (practice_id, member_id)
);
