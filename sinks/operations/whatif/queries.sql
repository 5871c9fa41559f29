-- What the ledger has of a practice's past, for what-if. Read only.

-- name: page
-- Events of the stretch, in the order of the primary key: no page sorts a practice's history.
SELECT v.source, v.event_id, v.subject, v.kind, v.concerns FROM events v
WHERE v.practice_id = :practice_id AND (v.source, v.event_id) > (:after_source, :after_event)
  AND v.occurred_at >= :since AND v.occurred_at < :until AND v.superseded_by IS NULL
ORDER BY v.source, v.event_id LIMIT :most;

-- name: events
-- Everything reported of these payments and payouts, and what follows them.
WITH k AS (SELECT * FROM unnest(:kinds::text[], :refs::text[]) AS k(d, r)),
found AS (
    SELECT k.d AS of_kind, k.r AS ref, e.* FROM k JOIN events e ON e.practice_id = :practice_id
        AND e.subject = k.r AND e.kind = k.d AND e.superseded_by IS NULL
    UNION ALL
    SELECT k.d, k.r, e.* FROM k JOIN events e ON e.practice_id = :practice_id AND e.concerns = k.r
    WHERE k.d IN ('payment', 'payout') AND (k.d = 'payout') = (e.kind = 'payout_failed')
)
SELECT f.source, f.of_kind, f.ref, f.event_id, f.subject, f.kind, f.version, f.event_type, f.occurred_at, f.appended_at, f.received_at,
       f.off, f.reason = 'IN_TWO_PAYOUTS' AND EXISTS (
           SELECT FROM entries n JOIN effects e ON e.practice_id = n.practice_id AND e.effect_id = n.effect_id
           WHERE n.practice_id = :practice_id AND n.source = f.source AND n.event_id = f.event_id
             AND e.reason = 'IN_TWO_PAYOUTS') AS held, b.original,
       CASE WHEN f.kind = 'link_moved' THEN array(
           SELECT DISTINCT n.patient_ref FROM entries n
           WHERE n.practice_id = :practice_id AND n.source = f.source AND n.event_id = f.event_id
             AND n.patient_ref IS NOT NULL) ELSE '{}' END AS moved_patients
FROM found f LEFT JOIN bodies b USING (practice_id, month, source, event_id) WHERE f.occurred_at < :until;

-- name: payouts
-- The items of payouts that carry these payments, in the order in which INTAKE took the payouts.
SELECT i.payment_id, i.payout_id, i.version, i.category, i.gross_minor, i.fee_minor,
       i.gross_minor - i.fee_minor AS net_minor, true AS stands, p.occurred_at, p.received_at, p.appended_at, p.off
FROM unnest(:refs::text[]) AS k(r)
JOIN payout_items i ON i.practice_id = :practice_id AND i.payment_id = k.r
JOIN events p ON p.practice_id = i.practice_id AND p.subject = i.payout_id AND p.kind = 'payout'
    AND p.version = i.version AND p.superseded_by IS NULL
WHERE p.occurred_at < :until ORDER BY p.received_at, p.appended_at, p.off, i.number;

-- name: failures
-- The failures of these payouts.
SELECT f.concerns AS payout_id, f.version, f.occurred_at, f.received_at, f.appended_at, f.off
FROM unnest(:refs::text[]) AS k(r)
JOIN events f ON f.practice_id = :practice_id AND f.concerns = k.r AND f.kind = 'payout_failed'
WHERE f.occurred_at < :until;
