-- For how long nothing has been reported that would be posted at a practice's target, against what is usual there.
CREATE TABLE upstream_silence (
    practice_id  text NOT NULL,
    target       text NOT NULL,
    usual        interval,
    learned_at   timestamptz NOT NULL DEFAULT 'epoch',
    silent_since timestamptz,
    stated_at    timestamptz NOT NULL DEFAULT 'epoch',
    look_at      timestamptz NOT NULL DEFAULT 'epoch',
    PRIMARY KEY (practice_id, target),
    FOREIGN KEY (practice_id, target) REFERENCES practice_connections ON DELETE CASCADE
) WITH (fillfactor = 70);
COMMENT ON COLUMN upstream_silence.usual IS 'office time between two reports; null: too few of them to say';
COMMENT ON COLUMN upstream_silence.silent_since IS 'when the silence became longer than is usual; null: it has not';
CREATE INDEX upstream_silence_look ON upstream_silence (look_at);
CREATE INDEX upstream_silence_now ON upstream_silence (silent_since) WHERE silent_since IS NOT NULL;
-- Payouts stand far apart between the payments of events_happened.
CREATE INDEX events_payouts_happened ON events (practice_id, occurred_at) WHERE kind IN ('payout', 'payout_failed');
