-- name: candidates
-- Payments and payouts whose entries were skipped by a switch, a page in the order of the primary key; with what may forbid it.
SELECT v.source, v.event_id, v.subject, v.event_type, v.occurred_at,
    EXISTS (SELECT FROM events n WHERE n.practice_id = v.practice_id AND n.subject = v.subject
        AND n.kind = v.kind AND n.version > v.version AND n.superseded_by IS NULL) AS newer,
    EXISTS (SELECT FROM events d WHERE d.practice_id = v.practice_id AND d.subject = v.subject
        AND d.kind = 'void') AS voided,
    EXISTS (SELECT FROM events r JOIN effects h USING (practice_id, source, event_id)
        WHERE r.practice_id = v.practice_id AND r.concerns = v.subject
          AND ended_by_person(h.state)) AS by_hand,
    v.kind = 'payout' AND EXISTS (SELECT FROM standing_items i JOIN standing_items o
        ON o.practice_id = i.practice_id AND o.category = i.category AND o.subject = i.subject
        AND o.payout_id <> i.payout_id AND (o.since < i.since OR (o.since = i.since AND o.payout_id < i.payout_id))
        WHERE i.practice_id = v.practice_id AND i.payout_id = v.subject AND moves_once(i.category)) AS in_two_payouts,
    (SELECT s.body->>'amount' FROM settings s
     WHERE s.practice_id = v.practice_id AND s.version = v.settings_version) AS amount_mode,
    (SELECT json_agg(json_build_object('effect_id', e.effect_id, 'target', e.target, 'entry_kind', e.entry_kind,
        'part', e.part, 'amount_minor', e.amount_minor, 'currency', e.currency, 'reason', e.reason,
        'payment_kind', e.instruction->>'payment_kind', 'fee_known', e.instruction->>'fee_minor' IS NOT NULL)
        ORDER BY e.effect_id)
     FROM effects e WHERE e.practice_id = v.practice_id AND e.source = v.source AND e.event_id = v.event_id
       AND e.state = 'SKIPPED_DISABLED' AND e.reason = ANY(:reasons::text[])) AS entries,
    (SELECT coalesce(json_agg(json_build_object('effect_id', e.effect_id, 'target', e.target, 'entry_kind', e.entry_kind,
        'part', e.part, 'amount_minor', e.amount_minor, 'currency', e.currency, 'reason', e.reason,
        'payment_kind', e.instruction->>'payment_kind', 'fee_known', true) ORDER BY e.effect_id), '[]')
     FROM events r JOIN effects e USING (practice_id, source, event_id)
     WHERE r.practice_id = v.practice_id AND r.concerns = v.subject
       AND e.state = 'AWAITING_MANUAL_POST' AND e.reason = 'ORIGINAL_NOT_POSTED') AS reversals,
    EXISTS (SELECT FROM events a WHERE a.practice_id = v.practice_id AND a.concerns = v.subject
        AND a.kind = 'fee') AS fee_changed
FROM events v
WHERE v.practice_id = :practice_id AND (v.source, v.event_id) > (:after_source, :after_event)
  AND v.occurred_at >= :since AND v.occurred_at < :until AND v.concerns IS NULL AND v.superseded_by IS NULL
  AND EXISTS (SELECT FROM effects e WHERE e.practice_id = v.practice_id AND e.source = v.source
        AND e.event_id = v.event_id AND e.state = 'SKIPPED_DISABLED' AND e.reason = ANY(:reasons::text[])
        AND (:kind::text IS NULL OR e.instruction->>'payment_kind' = :kind))
ORDER BY v.source, v.event_id LIMIT :most;

-- name: connections
SELECT p.target, p.connection_id, c.capabilities
FROM practice_connections p JOIN connections c USING (home_practice_id, connection_id)
WHERE p.practice_id = :practice_id;
