-- Which payment or payout a linked event is about (R-8); null for those that tell it themselves, whose subject it is.
-- So a plain payment pays for no index more, and everything about one payment is found by two keys, however many others
-- are stored.
ALTER TABLE events ADD COLUMN concerns text;
CREATE INDEX events_concerning ON events (practice_id, source, concerns) WHERE concerns IS NOT NULL;
CREATE INDEX events_parked ON events (practice_id, source, concerns) WHERE waiting = 'AWAITING_ORIGINAL';
-- What should resolve itself and has not for long (R-8, N-5): asked by the notifier every few seconds.
CREATE INDEX events_overdue ON events (waiting, received_at)
    WHERE waiting IN ('AWAITING_ORIGINAL', 'AWAITING_FEE', 'AWAITING_REVIEW');
-- Money that came back from a bank is news for a day (R-11, P-21).
CREATE INDEX events_bounced ON events (received_at) WHERE kind IN ('return', 'payout_failed');

-- What the releases before this one stored and could not book is decided anew, under the settings of its time (law 15).
UPDATE events SET waiting = 'AWAITING_SETTINGS', reason = 'SETTINGS_SUPERSEDED', redecide_at = now()
WHERE waiting = 'AWAITING_REVIEW' AND reason = 'COMES_LATER';

-- Items of payouts by the payment they carry: for a payment that comes after its payout (T-13), for its fee (N-5), and
-- for the one standing payout of a transaction (P-2, P-21). Items without a payment are the document's alone.
CREATE TABLE payout_items (
    practice_id text NOT NULL,
    source      text NOT NULL,
    payment_id  text NOT NULL,
    payout_id   text NOT NULL,
    version     integer NOT NULL,
    number      integer NOT NULL,
    category    text NOT NULL,
    gross_minor bigint NOT NULL,
    fee_minor   bigint NOT NULL,
    PRIMARY KEY (practice_id, source, payment_id, payout_id, version, number)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);

-- Disputes with their deadline (R-10): staff hear of an open one at once, and of its end.
CREATE TABLE disputes (
    practice_id text NOT NULL,
    source      text NOT NULL,
    dispute_id  text NOT NULL,
    payment_id  text NOT NULL,
    opened_at   timestamptz NOT NULL,
    respond_by  timestamptz,
    outcome     text,
    closed_at   timestamptz,
    PRIMARY KEY (practice_id, source, dispute_id)
);
CREATE INDEX disputes_open ON disputes (practice_id) WHERE closed_at IS NULL;
CREATE INDEX disputes_closed ON disputes (closed_at) WHERE closed_at IS NOT NULL;

-- Entries whose money is not in the bank yet (T-13): found from the other side, by what clears it.
CREATE INDEX effects_awaiting_clearance ON effects (practice_id, source, event_id) WHERE state = 'AWAITING_CLEARANCE';
