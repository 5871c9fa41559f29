-- name: around
-- Payouts by the day that they have at the bank, each with its own document as it stands; by index, some dozen.
SELECT e.effect_id, v.subject AS payout_id, v.version, e.ledger_date, e.amount_minor, e.currency, f.state, f.reason,
    f.external_id
FROM entries e
CROSS JOIN LATERAL (SELECT * FROM events v WHERE v.practice_id = e.practice_id AND v.source = e.source
    AND v.event_id = e.event_id OFFSET 0) v
CROSS JOIN LATERAL (SELECT f.state, f.reason, f.external_id FROM effects f
    WHERE f.practice_id = e.practice_id AND f.effect_id = e.effect_id OFFSET 0) f
WHERE e.practice_id = :practice_id AND e.target = 'QUICKBOOKS' AND e.ledger_date BETWEEN :from_day AND :to_day
  AND e.entry_kind = 'payout'
ORDER BY e.ledger_date, e.effect_id LIMIT :most;

-- name: newest_payout
-- The payout that arrives last at the bank, to show a document of the practice's own.
SELECT v.subject FROM (
    SELECT e.source, e.event_id FROM entries e
    WHERE e.practice_id = :practice_id AND e.target = 'QUICKBOOKS' AND e.entry_kind = 'payout'
    ORDER BY e.ledger_date DESC, e.effect_id DESC LIMIT 1
) e
JOIN events v ON v.practice_id = :practice_id AND v.source = e.source AND v.event_id = e.event_id;

-- name: skipped_before_start
-- What an earlier start lets go again.
SELECT e.effect_id FROM entries e
CROSS JOIN LATERAL (SELECT o.state, o.reason FROM outcomes o
    WHERE o.practice_id = e.practice_id AND o.effect_id = e.effect_id ORDER BY o.n DESC LIMIT 1) o
WHERE e.practice_id = :practice_id AND e.target = 'QUICKBOOKS' AND e.entry_kind = 'payout'
  AND (:from_day::date IS NULL OR e.ledger_date >= :from_day)
  AND o.state = 'SKIPPED_DISABLED' AND o.reason = 'BEFORE_START'
  AND NOT EXISTS (SELECT FROM work w WHERE w.practice_id = e.practice_id AND w.effect_id = e.effect_id)
ORDER BY e.effect_id LIMIT :most;

-- name: of_payout
-- The documents of one payout, each as it stands, the newest first.
SELECT f.practice_id, f.effect_id, f.source, f.event_id, f.target, f.entry_kind, f.part, f.depends_on, f.state, f.reason,
    f.look_first, f.settings_version, f.amount_minor, f.currency, f.connection_id, f.generation, f.request_id, f.payload,
    f.sent_at, f.external_id, f.instruction, o.external_id AS origin_id, o.payload AS origin_payload
FROM (
    SELECT v.source, v.event_id FROM events v WHERE v.practice_id = :practice_id AND v.subject = :payout_id
      AND v.superseded_by IS NULL AND v.concerns IS NULL
    UNION ALL
    SELECT v.source, v.event_id FROM events v WHERE v.practice_id = :practice_id AND v.subject = :payout_id
      AND v.superseded_by IS NOT NULL AND v.concerns IS NULL
    UNION ALL
    SELECT v.source, v.event_id FROM events v WHERE v.practice_id = :practice_id AND v.concerns = :payout_id
) k
CROSS JOIN LATERAL (SELECT * FROM effects f WHERE f.practice_id = :practice_id AND f.source = k.source
    AND f.event_id = k.event_id AND f.target = 'QUICKBOOKS' OFFSET 0) f
LEFT JOIN LATERAL (SELECT o.external_id, o.payload FROM effects o
    WHERE o.practice_id = f.practice_id AND o.effect_id = f.depends_on OFFSET 0) o ON true
ORDER BY f.effect_id DESC LIMIT 100;

-- name: written
-- Of these entries, those that stand as documents in the company that is connected, with the request that wrote each.
SELECT f.effect_id, f.external_id, f.amount_minor, f.payload
FROM unnest(:effect_ids::bigint[]) AS k(n)
CROSS JOIN LATERAL (SELECT * FROM effects f WHERE f.practice_id = :practice_id AND f.effect_id = k.n OFFSET 0) f
WHERE f.target = 'QUICKBOOKS' AND f.state = 'POSTED' AND f.connection_id = :connection_id
  AND f.external_id IS NOT NULL AND f.payload IS NOT NULL
ORDER BY f.effect_id;

-- name: newest
-- The newest document of a payout: of its newest report, or of the one before where a newer one waits.
SELECT e.effect_id, f.state, f.external_id, e.currency, e.instruction
FROM events v
CROSS JOIN LATERAL (SELECT * FROM entries e WHERE e.practice_id = v.practice_id AND e.source = v.source
    AND e.event_id = v.event_id AND e.entry_kind = 'payout' OFFSET 0) e
CROSS JOIN LATERAL (SELECT f.state, f.external_id FROM effects f
    WHERE f.practice_id = e.practice_id AND f.effect_id = e.effect_id OFFSET 0) f
WHERE v.practice_id = :practice_id AND v.subject = :payout_id AND v.kind = 'payout'
ORDER BY (f.state = 'VOIDED_BEFORE_POST'), e.effect_id DESC LIMIT 1;
