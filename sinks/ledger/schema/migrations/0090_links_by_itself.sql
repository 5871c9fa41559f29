-- Practices whose references are to be looked at for a link again, since patients were read or named: how far that has
-- come, and who is at it. And references whose link a person took away: those are left to people.
ALTER TABLE mirror_practices
    ADD COLUMN links_wanted_at   timestamptz,
    ADD COLUMN links_begun_at    timestamptz,
    ADD COLUMN links_after       text NOT NULL DEFAULT '',
    ADD COLUMN links_lease_until timestamptz NOT NULL DEFAULT 'epoch';
CREATE INDEX mirror_practices_links ON mirror_practices (links_wanted_at) WHERE links_wanted_at IS NOT NULL;

CREATE TABLE links_taken_away (
    practice_id    text NOT NULL REFERENCES practices,
    patient_ref    text NOT NULL,
    pms_patient_id text NOT NULL,
    taken_at       timestamptz NOT NULL,
    taken_by       text NOT NULL,
    PRIMARY KEY (practice_id, patient_ref)
);
