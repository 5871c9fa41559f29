-- What the payouts that stand are made of, an item of one money a row: compared with the payments and with other payouts
-- (P-2, P-23). Rows of a payout that failed, or of a version that was replaced, are gone. `since` says which of two
-- payouts had an item first: the practice's counter when it came in, kept by later versions. What is not compared yet, or
-- has to be compared again, is the comparison's queue.
CREATE TABLE standing_items (
    practice_id text NOT NULL,
    category    text NOT NULL,
    subject     text NOT NULL,
    payout_id   text NOT NULL,
    source      text NOT NULL,
    version     integer NOT NULL,
    since       bigint NOT NULL,
    payment_id  text,
    gross_minor bigint NOT NULL,
    fee_minor   bigint NOT NULL,
    fee_apart   boolean NOT NULL,
    compared    boolean NOT NULL DEFAULT false,
    PRIMARY KEY (practice_id, category, subject, payout_id)
) WITH (fillfactor = 85, autovacuum_vacuum_insert_scale_factor = 0.05);
COMMENT ON COLUMN standing_items.fee_apart IS
    'the payout takes one fee for many items: that an item says none is no difference (N-6)';
CREATE INDEX standing_items_payout ON standing_items (practice_id, payout_id);
CREATE INDEX standing_items_payment ON standing_items (practice_id, payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX standing_items_to_compare ON standing_items (practice_id, since, payout_id, category, subject)
    WHERE NOT compared;

-- A ledger that was there before is compared from now on: its charges are known, so that none is written twice.
INSERT INTO standing_items (practice_id, category, subject, payout_id, source, version, since, payment_id, gross_minor,
    fee_minor, fee_apart, compared)
SELECT i.practice_id, 'CHARGE', i.payment_id, i.payout_id, min(i.source), i.version, 0, i.payment_id, sum(i.gross_minor),
       sum(i.fee_minor), false, true
FROM payout_items i
JOIN events p ON p.practice_id = i.practice_id AND p.source = i.source AND p.subject = i.payout_id AND p.kind = 'payout'
    AND p.version = i.version AND p.superseded_by IS NULL
WHERE i.category = 'CHARGE'
  AND NOT EXISTS (SELECT FROM events n WHERE n.practice_id = p.practice_id AND n.source = p.source
      AND n.subject = p.subject AND n.kind = 'payout' AND n.version > p.version AND n.waiting IS NULL)
  AND NOT EXISTS (SELECT FROM events f WHERE f.practice_id = p.practice_id AND f.source = p.source
      AND f.concerns = p.subject AND f.kind = 'payout_failed'
      AND NOT (p.version > f.version AND (f.version > 1 OR p.occurred_at > f.occurred_at)))
GROUP BY i.practice_id, i.payment_id, i.payout_id, i.version
ON CONFLICT DO NOTHING;

-- What the bank says otherwise than the payments or an earlier payout. One row for a difference, whatever became of it:
-- one that was ended stays, so that it is told once.
CREATE TABLE payout_differences (
    practice_id     text NOT NULL,
    number          bigint NOT NULL,
    kind            text NOT NULL,
    category        text NOT NULL,
    subject         text NOT NULL,
    payout_id       text NOT NULL,
    payment_id      text,
    other_payout_id text,
    currency        text NOT NULL,
    reported_minor  bigint,
    paid_minor      bigint,
    found_at        timestamptz NOT NULL,
    ended_at        timestamptz,
    ended_as        text,
    ended_by        text,
    why             text,
    PRIMARY KEY (practice_id, number)
);
COMMENT ON COLUMN payout_differences.payout_id IS 'the payout that says so; empty where no payout says anything';
CREATE INDEX payout_differences_item ON payout_differences (practice_id, category, subject);
CREATE INDEX payout_differences_open ON payout_differences (practice_id, kind) WHERE ended_at IS NULL;

-- What a practice is told once, ever: by its name and what it is about.
CREATE TABLE payout_news (
    practice_id text NOT NULL,
    kind        text NOT NULL,
    subject     text NOT NULL,
    first_at    timestamptz NOT NULL,
    PRIMARY KEY (practice_id, kind, subject)
);
CREATE INDEX payout_news_recent ON payout_news (first_at);
