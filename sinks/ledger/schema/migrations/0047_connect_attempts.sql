-- A connection that a person has begun to make at a vendor's page, until the answer comes back: one per practice, so that
-- a newer one ends the older. `attempt` is an envelope; of the state only its digest is kept.
CREATE TABLE connect_attempts (
    practice_id  text PRIMARY KEY REFERENCES practices,
    route        text NOT NULL,
    state_digest bytea NOT NULL,
    attempt      bytea NOT NULL,
    began_at     timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    began_by     text NOT NULL
);
CREATE INDEX connect_attempts_ended ON connect_attempts (ends_at);
