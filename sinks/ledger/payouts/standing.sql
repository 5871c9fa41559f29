-- Items of the payouts that stand, as INTAKE reads and writes them under the practice's lock. Items travel as arrays.

-- name: same_items
-- Which payouts have these items already, the payout itself among them.
SELECT i.practice_id, i.category, i.subject, i.payout_id, i.since
FROM unnest(:practice_ids::text[], :categories::text[], :subjects::text[]) AS k(p, c, s)
JOIN standing_items i ON i.practice_id = k.p AND i.category = k.c AND i.subject = k.s;

-- name: put_items!
-- A later version keeps the place in line of what it carried before.
INSERT INTO standing_items (practice_id, category, subject, payout_id, source, version, since, payment_id, gross_minor,
    fee_minor, fee_apart)
SELECT :practice_id, k.c, k.s, :payout_id, :source, :version, :since, k.p, k.g, k.f, :fee_apart
FROM unnest(:categories::text[], :subjects::text[], :payment_ids::text[], :gross::bigint[], :fees::bigint[])
    AS k(c, s, p, g, f)
ON CONFLICT (practice_id, category, subject, payout_id) DO UPDATE
SET source = EXCLUDED.source, version = EXCLUDED.version, payment_id = EXCLUDED.payment_id,
    gross_minor = EXCLUDED.gross_minor, fee_minor = EXCLUDED.fee_minor, fee_apart = EXCLUDED.fee_apart, compared = false;

-- name: drop_items!
-- Of versions before this one; all, where the payout does not stand any more. Who had an item as well is compared again.
WITH gone AS (
    DELETE FROM standing_items
    WHERE practice_id = :practice_id AND payout_id = :payout_id AND (:version::int IS NULL OR version < :version)
    RETURNING category, subject
)
UPDATE standing_items o SET compared = false FROM gone
WHERE o.practice_id = :practice_id AND o.category = gone.category AND o.subject = gone.subject
  AND o.payout_id <> :payout_id;

-- name: compare_again!
-- More was reported of payments that payouts carry.
UPDATE standing_items i SET compared = false
FROM unnest(:practice_ids::text[], :payment_ids::text[]) AS k(p, r)
WHERE i.practice_id = k.p AND i.payment_id = k.r AND i.compared;

-- name: last_word
-- How often the bank's word was taken about a payment, its fee and its refunds, whatever upstream has reported since.
SELECT coalesce(max(version), 0) FROM events
WHERE practice_id = :practice_id AND concerns = :payment_id AND source = 'writeback';

-- name: add_news!
INSERT INTO payout_news (practice_id, kind, subject, first_at) VALUES (:practice_id, :kind, :subject, :now)
ON CONFLICT DO NOTHING;

-- name: watch!
-- From a practice's first payout on, its payments are expected in one.
INSERT INTO payout_watch (practice_id, first_payout_at, next_look_at) VALUES (:practice_id, :occurred_at, :now)
ON CONFLICT (practice_id) DO UPDATE SET first_payout_at = EXCLUDED.first_payout_at
WHERE payout_watch.first_payout_at > EXCLUDED.first_payout_at;
