-- Requests to a connector that an agent at the practice fetches. A row lives as long as its caller waits; request and
-- answer are encrypted like stored credentials.
CREATE TABLE connector_requests (
    practice_id text NOT NULL REFERENCES practices,
    request_id uuid NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    request bytea NOT NULL,
    handed_at timestamptz,
    answer bytea,
    PRIMARY KEY (practice_id, request_id)
);
CREATE INDEX connector_requests_waiting ON connector_requests (practice_id, asked_at) WHERE handed_at IS NULL;
-- Signed requests of agents that were seen: none is taken twice.
CREATE TABLE connector_nonces (
    practice_id text NOT NULL REFERENCES practices,
    nonce text NOT NULL,
    forget_at timestamptz NOT NULL,
    PRIMARY KEY (practice_id, nonce)
);
