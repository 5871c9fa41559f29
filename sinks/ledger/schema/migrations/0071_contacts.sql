-- Who gets notices, by which channel, of what and when. A contact of a group is told of all of its practices.
ALTER TABLE practice_contacts RENAME TO contacts;
ALTER TABLE contacts RENAME COLUMN email TO address;
ALTER TABLE contacts
    DROP COLUMN role,
    ADD COLUMN endpoint       bytea,
    ADD COLUMN name           text,
    ADD COLUMN roles          text[] NOT NULL DEFAULT '{SETTINGS,PAYMENTS,BOOKS}',
    ADD COLUMN timings        jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN digest         boolean NOT NULL DEFAULT true,
    ADD COLUMN quiet_from     time,
    ADD COLUMN quiet_until    time,
    ADD COLUMN zone           text,
    ADD COLUMN escalate_after interval NOT NULL DEFAULT '0';
COMMENT ON COLUMN contacts.address IS 'as the channel understands it; of a secret address what may be shown of it';
COMMENT ON COLUMN contacts.endpoint IS 'a secret address with its signing key: an envelope whose key is elsewhere';
COMMENT ON COLUMN contacts.timings IS 'by reason, role or *: AT_ONCE, DIGEST or NEVER; what is most exact decides';
COMMENT ON COLUMN contacts.zone IS 'of the quiet hours; null: the practice''s';
COMMENT ON COLUMN contacts.escalate_after IS 'told only once a notice is open so long and nobody has acknowledged it';
-- Under this name the roles of the release before read who is told.
CREATE VIEW practice_contacts AS SELECT practice_id, address AS email, added_at, channel FROM contacts;

CREATE TABLE organisation_contacts (
    organisation_id text NOT NULL REFERENCES organisations,
    address         text NOT NULL,
    added_at        timestamptz NOT NULL DEFAULT now(),
    channel         text NOT NULL DEFAULT 'email',
    endpoint        bytea,
    name            text,
    roles           text[] NOT NULL DEFAULT '{SETTINGS,PAYMENTS,BOOKS}',
    timings         jsonb NOT NULL DEFAULT '{}',
    digest          boolean NOT NULL DEFAULT true,
    quiet_from      time,
    quiet_until     time,
    zone            text,
    escalate_after  interval NOT NULL DEFAULT '0',
    PRIMARY KEY (organisation_id, address)
);

-- Few ask for another time than at once, and few wait for an escalation.
CREATE INDEX contacts_timed ON contacts (practice_id) WHERE timings <> '{}';
CREATE INDEX contacts_escalated ON contacts (practice_id, escalate_after) WHERE escalate_after > '0';
CREATE INDEX organisation_contacts_timed ON organisation_contacts (organisation_id) WHERE timings <> '{}';
CREATE INDEX organisation_contacts_escalated ON organisation_contacts (organisation_id, escalate_after)
    WHERE escalate_after > '0';

-- Whoever sees to a notice says so: it is not escalated any more. `escalated` is how far it has been.
ALTER TABLE notices
    ADD COLUMN acknowledged_at timestamptz,
    ADD COLUMN acknowledged_by text,
    ADD COLUMN escalated       interval NOT NULL DEFAULT '0',
    ADD COLUMN in_digest       boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN notices.in_digest IS 'all of its readers have it in their digest alone';
