-- What a reconciliation reads of one practice: by index, page by page; nothing of it is locked.

-- name: events
-- Events that happened in the stretch, in the order of the index, with their bytes.
SELECT v.source, v.event_id, v.subject, v.concerns, v.kind, v.event_type, v.occurred_at, v.superseded_by, v.waiting,
    v.version, v.ended_as, b.original
FROM events v
LEFT JOIN bodies b ON b.practice_id = v.practice_id AND b.month = v.month AND b.source = v.source
    AND b.event_id = v.event_id
WHERE v.practice_id = :practice_id AND v.occurred_at >= :since AND v.occurred_at < :until
  AND (v.occurred_at, v.source, v.event_id) > (:after_at, :after_source, :after_event)
  AND v.kind NOT IN ('payout', 'payout_failed', 'request')
ORDER BY v.occurred_at, v.source, v.event_id LIMIT :most;

-- name: before
-- Which version of these payments stood before the stretch, with the bank's last word; of each one, what happened first
-- ahead. One that a person dismissed stood never, unless it is the first.
SELECT x.source, x.event_id, x.subject, x.concerns, x.kind, x.event_type, x.occurred_at, x.superseded_by, x.waiting,
    x.version, x.ended_as, b.original
FROM unnest(:payments::text[]) AS k(id)
CROSS JOIN LATERAL (
    (SELECT * FROM events v WHERE v.practice_id = :practice_id AND v.subject = k.id AND v.kind = 'payment'
        AND v.superseded_by IS NULL AND v.occurred_at < :since AND (v.version = 1 OR v.ended_as IS DISTINCT FROM 'dismiss')
     ORDER BY v.version DESC LIMIT 1)
    UNION ALL
    (SELECT * FROM events v WHERE v.practice_id = :practice_id AND v.concerns = k.id AND v.kind = 'bank_gross'
        AND v.superseded_by IS NULL AND v.occurred_at < :since
     ORDER BY v.version DESC LIMIT 1)) x
LEFT JOIN bodies b ON b.practice_id = :practice_id AND b.month = x.month AND b.source = x.source
    AND b.event_id = x.event_id
ORDER BY k.id, x.occurred_at, x.source, x.event_id;

-- name: entries
-- Entries at the PMS of these events that move money.
SELECT f.source, f.event_id, f.effect_id, f.state, f.reason, f.amount_minor,
    CASE WHEN f.entry_kind = 'reversal' THEN f.depends_on END AS takes_back,
    (SELECT r.amount_minor FROM recorded_amounts r
     WHERE r.practice_id = f.practice_id AND r.effect_id = f.effect_id) AS entered_minor
FROM unnest(:sources::text[], :event_ids::text[]) AS k(source, event_id)
CROSS JOIN LATERAL (SELECT * FROM effects f WHERE f.practice_id = :practice_id AND f.source = k.source
    AND f.event_id = k.event_id AND f.target = 'PMS' OFFSET 0) f
WHERE moves_money(f.entry_kind) OR (f.entry_kind = 'reversal' AND moves_money(reversed_kind(f.part)))
ORDER BY f.effect_id;

-- name: documents
-- Documents of payouts that are dated in the stretch, in pages, with the bytes of the payout that each is of.
SELECT e.effect_id, e.entry_kind, e.ledger_date, e.amount_minor, e.depends_on, v.subject, v.concerns, v.event_type,
    f.state, f.reason, f.external_id, b.original,
    -- A document that a person took back, and what takes it back: both of one event, where the bank saw nothing.
    EXISTS (SELECT FROM entries x WHERE x.practice_id = e.practice_id AND x.source = e.source AND x.event_id = e.event_id
        AND x.entry_kind IN ('payout', 'payout_reversal')
        AND (x.entry_kind = 'payout_reversal' AND x.depends_on = e.effect_id
             OR x.entry_kind = 'payout' AND e.entry_kind = 'payout_reversal' AND x.effect_id = e.depends_on)) AS undone,
    (SELECT r.amount_minor FROM recorded_amounts r
     WHERE r.practice_id = e.practice_id AND r.effect_id = e.effect_id) AS entered_minor
FROM (SELECT * FROM entries e WHERE e.practice_id = :practice_id AND e.target = 'QUICKBOOKS'
        AND e.ledger_date BETWEEN :from_day AND :to_day AND (e.ledger_date, e.effect_id) > (:after_day, :after)
      ORDER BY e.ledger_date, e.effect_id LIMIT :most) e
CROSS JOIN LATERAL (SELECT * FROM events v WHERE v.practice_id = e.practice_id AND v.source = e.source
    AND v.event_id = e.event_id OFFSET 0) v
CROSS JOIN LATERAL (SELECT f.state, f.reason, f.external_id FROM effects f
    WHERE f.practice_id = e.practice_id AND f.effect_id = e.effect_id OFFSET 0) f
LEFT JOIN bodies b ON b.practice_id = v.practice_id AND b.month = v.month AND b.source = v.source
    AND b.event_id = v.event_id
ORDER BY e.ledger_date, e.effect_id;

-- name: reported
-- Which of these were reported at all: payments, refunds and what else has an id of its own, or concerns a payment.
SELECT k.family, k.id FROM unnest(:families::text[], :ids::text[]) AS k(family, id)
WHERE EXISTS (SELECT FROM events v WHERE v.practice_id = :practice_id AND v.subject = k.id AND v.superseded_by IS NULL OFFSET 0)
   OR k.family = 'RETURN' AND EXISTS (SELECT FROM events v WHERE v.practice_id = :practice_id AND v.concerns = k.id
       AND v.kind IN ('return', 'reinstated') OFFSET 0);

-- name: paid
-- Which of these are in a payout that stands and has arrived by the end of the stretch.
SELECT k.family, k.id FROM unnest(:families::text[], :ids::text[]) AS k(family, id)
WHERE EXISTS (
    SELECT FROM standing_items i
    JOIN events v ON v.practice_id = i.practice_id AND v.subject = i.payout_id AND v.kind = 'payout'
        AND v.version = i.version AND v.superseded_by IS NULL
    JOIN entries e ON e.practice_id = v.practice_id AND e.source = v.source AND e.event_id = v.event_id
        AND e.target = 'QUICKBOOKS' AND e.entry_kind = 'payout'
    WHERE i.practice_id = :practice_id AND i.category = k.family AND i.subject = k.id AND e.ledger_date <= :to_day OFFSET 0);
