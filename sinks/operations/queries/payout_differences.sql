-- name: differences
-- By practice, the newest last; of one kind, or all; open ones alone, or those that have ended too.
SELECT d.practice_id, d.number, d.kind, d.category, d.subject, d.payout_id, d.payment_id, d.other_payout_id, d.currency,
       d.reported_minor, d.paid_minor, d.found_at, d.ended_at, d.ended_as, d.ended_by, d.why
FROM payout_differences d
WHERE (:practice_id::text IS NULL OR d.practice_id = :practice_id)
  AND (:kind::text IS NULL OR d.kind = :kind) AND (:all OR d.ended_at IS NULL)
ORDER BY d.practice_id, d.number LIMIT :most;

-- name: difference
SELECT d.practice_id, d.number, d.kind, d.category, d.subject, d.payout_id, d.payment_id, d.other_payout_id, d.currency,
       d.reported_minor, d.paid_minor, d.found_at, d.ended_at, d.ended_as, d.ended_by, d.why
FROM payout_differences d WHERE d.practice_id = :practice_id AND d.number = :number;

-- name: item
SELECT practice_id, category, subject, payout_id, source, version, since, payment_id, gross_minor, fee_minor, fee_apart,
       compared
FROM standing_items
WHERE practice_id = :practice_id AND category = :category AND subject = :subject AND payout_id = :payout_id;

-- name: held_entries
-- Documents of a payout that wait because of its items: a person decides about them.
SELECT w.effect_id FROM work w
JOIN entries e ON e.practice_id = w.practice_id AND e.effect_id = w.effect_id
JOIN events v ON v.practice_id = e.practice_id AND v.source = e.source AND v.event_id = e.event_id
WHERE w.practice_id = :practice_id AND v.subject = :payout_id AND v.kind = 'payout' AND e.entry_kind = 'payout'
  AND w.state = 'AWAITING_REVIEW' AND w.reason = 'IN_TWO_PAYOUTS'
ORDER BY w.effect_id;

-- name: end!
UPDATE payout_differences SET ended_at = :now, ended_as = :ended_as, ended_by = :actor, why = :why
WHERE practice_id = :practice_id AND number = :number AND ended_at IS NULL;
