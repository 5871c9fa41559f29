-- How the practices' targets stand, as HEALTH states it again and again: past expires_at nothing is known.
CREATE TABLE target_health (
    practice_id      text NOT NULL REFERENCES practices,
    target           text NOT NULL,
    state            text NOT NULL,
    since            timestamptz NOT NULL,
    attempts         int NOT NULL,
    failed           int NOT NULL,
    failure          text,
    slow             int NOT NULL,
    last_answered_at timestamptz,
    last_failed_at   timestamptz,
    posted           int NOT NULL,
    dead             int NOT NULL,
    stated_at        timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL,
    tell_at          timestamptz,
    PRIMARY KEY (practice_id, target)
) WITH (fillfactor = 70);
COMMENT ON COLUMN target_health.tell_at IS 'from when on people are told; null: never';
-- Few are not well.
CREATE INDEX target_health_told ON target_health (tell_at) WHERE tell_at IS NOT NULL;
