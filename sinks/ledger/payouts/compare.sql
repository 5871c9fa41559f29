-- The comparison of what payouts carry with what was reported, page by page (P-23, law 9).

-- name: to_compare
-- Practices with something to compare, in the order of their ids from one on; a page.
SELECT DISTINCT practice_id FROM standing_items WHERE NOT compared AND practice_id > :after
ORDER BY practice_id LIMIT :most;

-- name: page
-- One practice's next items. One whose payment waits for settings was reported, and is compared when it has them.
SELECT i.practice_id, i.category, i.subject, i.payout_id, i.since, i.gross_minor, i.fee_minor, i.fee_apart,
       coalesce(i.payment_id, (SELECT r.concerns FROM events r WHERE r.practice_id = i.practice_id
           AND r.subject = i.subject AND r.kind = 'refund' AND i.category = 'REFUND'
           AND r.superseded_by IS NULL LIMIT 1)) AS payment_id,
       (SELECT o.payout_id FROM standing_items o
        WHERE o.practice_id = i.practice_id AND o.category = i.category AND o.subject = i.subject
          AND o.payout_id <> i.payout_id AND (o.since < i.since OR (o.since = i.since AND o.payout_id < i.payout_id))
          AND moves_once(i.category)
        ORDER BY o.since, o.payout_id LIMIT 1) AS other_payout_id
FROM standing_items i
WHERE i.practice_id = :practice_id AND NOT i.compared
  AND NOT EXISTS (SELECT FROM events e WHERE e.practice_id = i.practice_id AND e.subject = i.payment_id AND e.kind = 'payment' AND e.waiting = 'AWAITING_SETTINGS')
ORDER BY i.since, i.payout_id, i.category, i.subject LIMIT :most;

-- name: compared!
UPDATE standing_items i SET compared = true
FROM unnest(:categories::text[], :subjects::text[], :payout_ids::text[]) AS k(c, s, p)
WHERE i.practice_id = :practice_id AND i.category = k.c AND i.subject = k.s AND i.payout_id = k.p;

-- name: known
-- What was found before of these items, whatever became of it.
SELECT d.number, d.kind, d.category, d.subject, d.payout_id, d.other_payout_id, d.reported_minor, d.paid_minor, d.ended_at,
       d.ended_as
FROM (SELECT DISTINCT c, s FROM unnest(:categories::text[], :subjects::text[]) AS k(c, s)) k
JOIN payout_differences d ON d.practice_id = :practice_id AND d.category = k.c AND d.subject = k.s
ORDER BY d.number;

-- name: last_number
SELECT coalesce(max(number), 0) AS number FROM payout_differences WHERE practice_id = :practice_id;

-- name: add!
INSERT INTO payout_differences (practice_id, number, kind, category, subject, payout_id, payment_id, other_payout_id,
    currency, reported_minor, paid_minor, found_at)
VALUES (:practice_id, :number, :kind, :category, :subject, :payout_id, :payment_id, :other_payout_id, :currency,
    :reported_minor, :paid_minor, :now);

-- name: end!
UPDATE payout_differences SET ended_at = :now, ended_as = :ended_as
WHERE practice_id = :practice_id AND number = ANY(:numbers::bigint[]) AND ended_at IS NULL;

-- name: practices_open
SELECT DISTINCT practice_id FROM payout_differences WHERE ended_at IS NULL AND practice_id > :after
ORDER BY practice_id LIMIT :most;

-- name: reported_since
-- Items of open differences whose missing half was reported: they are compared again.
UPDATE standing_items i SET compared = false FROM payout_differences d
WHERE d.practice_id = :practice_id AND d.ended_at IS NULL AND is_unreported(d.kind)
  AND i.practice_id = d.practice_id AND i.category = d.category AND i.subject = d.subject AND i.payout_id = d.payout_id
  AND i.compared
  AND EXISTS (SELECT FROM events e WHERE e.practice_id = d.practice_id AND e.subject = d.subject
      AND e.kind = CASE d.kind WHEN 'CHARGE_UNKNOWN' THEN 'payment' ELSE 'refund' END AND e.superseded_by IS NULL
      AND e.waiting IS DISTINCT FROM 'AWAITING_SETTINGS')
RETURNING i.subject;

-- name: without_item
-- Open differences of items that no payout carries any more: the payout failed, or was reported anew without them.
SELECT d.number FROM payout_differences d
WHERE d.practice_id = :practice_id AND d.ended_at IS NULL AND d.payout_id <> ''
  AND NOT EXISTS (SELECT FROM standing_items i WHERE i.practice_id = d.practice_id AND i.category = d.category
      AND i.subject = d.subject AND i.payout_id = d.payout_id);

-- name: entry_decided
-- The held entry of a second payout went another way than a correction's: a person posted, recorded or dismissed it.
SELECT d.number FROM payout_differences d
WHERE d.practice_id = :practice_id AND d.ended_at IS NULL AND d.kind = 'IN_TWO_PAYOUTS'
  AND EXISTS (SELECT FROM events v JOIN effects e USING (practice_id, source, event_id)
      WHERE v.practice_id = d.practice_id AND v.subject = d.payout_id AND v.kind = 'payout' AND v.superseded_by IS NULL
        AND e.entry_kind = 'payout' AND NOT is_withdrawn(e.state) AND e.state <> 'AWAITING_REVIEW'
        AND v.version = (SELECT max(x.version) FROM events x WHERE x.practice_id = v.practice_id
            AND x.subject = v.subject AND x.kind = 'payout' AND x.waiting IS NULL));

-- name: practices_held
SELECT DISTINCT practice_id FROM work WHERE state = 'AWAITING_REVIEW' AND reason = 'IN_TWO_PAYOUTS'
  AND practice_id > :after ORDER BY practice_id LIMIT :most;

-- name: free_again
-- Held documents of payouts none of whose items is in an earlier one any more.
SELECT w.effect_id FROM work w
JOIN entries e ON e.practice_id = w.practice_id AND e.effect_id = w.effect_id
JOIN events v ON v.practice_id = e.practice_id AND v.source = e.source AND v.event_id = e.event_id
WHERE w.practice_id = :practice_id AND w.state = 'AWAITING_REVIEW' AND w.reason = 'IN_TWO_PAYOUTS'
  AND e.entry_kind = 'payout'
  AND NOT EXISTS (SELECT FROM standing_items i JOIN standing_items o
      ON o.practice_id = i.practice_id AND o.category = i.category AND o.subject = i.subject
      AND o.payout_id <> i.payout_id AND (o.since < i.since OR (o.since = i.since AND o.payout_id < i.payout_id))
      WHERE i.practice_id = v.practice_id AND i.payout_id = v.subject AND moves_once(i.category));

-- name: currency
SELECT s.body ->> 'currency' AS currency FROM settings_in_force(:practice_id, business_now(:now)) s;

-- name: lock_practice
SELECT practice_id, seq FROM practices WHERE practice_id = :practice_id FOR NO KEY UPDATE;
