-- A group whose practices inherit what it sets (SUP-2). Its values are field by field, in append-only versions.
CREATE TABLE organisations (
    organisation_id text PRIMARY KEY,
    name            text,
    added_at        timestamptz NOT NULL,
    added_by        text NOT NULL
);

CREATE TABLE organisation_settings (
    organisation_id text NOT NULL REFERENCES organisations,
    version         integer NOT NULL CHECK (version >= 1),
    fields          jsonb NOT NULL,
    locked          text[] NOT NULL,
    saved_at        timestamptz NOT NULL,
    saved_by        text NOT NULL,
    reason          text NOT NULL,
    PRIMARY KEY (organisation_id, version)
);

-- The group, the entitlement (SET-16), and the account at which the go-live check passed (SET-24): another account at
-- the PMS has not passed.
ALTER TABLE practices
    ADD COLUMN organisation_id text REFERENCES organisations,
    ADD COLUMN entitled_at     timestamptz,
    ADD COLUMN entitled_by     text,
    ADD COLUMN golive_at       timestamptz,
    ADD COLUMN golive_account  text;
CREATE INDEX practices_of_organisation ON practices (organisation_id, practice_id) WHERE organisation_id IS NOT NULL;

-- Fields that the practice decides itself, whatever its group says.
ALTER TABLE settings ADD COLUMN own text[] NOT NULL DEFAULT '{}';

-- Test posts of go-live checks (SET-17, SET-24): no events and no effects, so no total ever counts them.
CREATE TABLE golive_checks (
    practice_id         text NOT NULL REFERENCES practices,
    check_no            integer NOT NULL CHECK (check_no >= 1),
    step                text NOT NULL CHECK (step IN ('payment', 'reversal')),
    connection_id       text NOT NULL,
    account_fingerprint text NOT NULL,
    pms_patient_id      text NOT NULL,
    entry_kind          text NOT NULL,
    request_id          text NOT NULL,
    instruction         jsonb NOT NULL,
    state               text NOT NULL DEFAULT 'PLANNED' CHECK (state IN ('PLANNED', 'SENT', 'FOUND')),
    attempts            integer NOT NULL DEFAULT 0,
    sent_at             timestamptz,
    settle_until        timestamptz,
    external_id         text,
    code                text,
    began_at            timestamptz NOT NULL,
    began_by            text NOT NULL,
    found_at            timestamptz,
    PRIMARY KEY (practice_id, check_no, step)
);
