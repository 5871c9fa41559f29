-- name: state_counts
SELECT practice_id, target, state, currency, count(*) AS count, sum(amount_minor)::bigint AS minor
FROM effects WHERE :practice_id::text IS NULL OR practice_id = :practice_id
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3;

-- name: waiting_counts
SELECT practice_id, waiting AS state, reason, count(*) AS count FROM events
WHERE waiting IS NOT NULL AND (:practice_id::text IS NULL OR practice_id = :practice_id)
GROUP BY 1, 2, 3 ORDER BY 1, 2;

-- name: reported_money
-- Every event that reports money, with its own bytes and what became of its entries. What goes back is on events of its
-- own, with its own entries: it changes nothing in what came in.
SELECT e.practice_id, e.event_type, e.waiting, e.applied, b.original,
       coalesce((SELECT jsonb_object_agg(s.state, s.minor) FROM (
            SELECT f.state, sum(f.amount_minor)::bigint AS minor FROM effects f
            WHERE f.practice_id = e.practice_id AND f.source = e.source AND f.event_id = e.event_id
              AND books_first(f.entry_kind)
              -- A payout's document that a person took back: what waits in its place, on the same event, has its money.
              AND NOT EXISTS (SELECT FROM entries x WHERE x.practice_id = f.practice_id AND x.source = f.source
                  AND x.event_id = f.event_id AND x.depends_on = f.effect_id AND x.entry_kind = 'payout_reversal')
            GROUP BY f.state) s), '{}') AS minor_by_state
FROM events e JOIN bodies b USING (practice_id, month, source, event_id)
WHERE e.kind IN ('payment', 'payout')
  -- What another report took the place of is accounted for by its own entries, where it has any (B-5).
  AND (e.superseded_by IS NULL OR EXISTS (SELECT FROM entries x WHERE x.practice_id = e.practice_id
       AND x.source = e.source AND x.event_id = e.event_id))
  AND (:practice_id::text IS NULL OR e.practice_id = :practice_id);

-- name: unaccounted
-- Resolved events that neither have effects nor are APPLIED, and effects of events that are not resolved (I1, law 2).
SELECT e.practice_id, e.source, e.event_id FROM events e
WHERE e.superseded_by IS NULL AND (e.resolved_at IS NOT NULL AND NOT e.applied) <> EXISTS (
    SELECT FROM effects f WHERE f.practice_id = e.practice_id AND f.source = e.source AND f.event_id = e.event_id);

-- name: without_receipt
-- What we cause ourselves has no source record (law 6).
SELECT e.practice_id, e.source, e.event_id FROM events e
WHERE e.source <> 'writeback' AND NOT EXISTS (SELECT FROM receipts r WHERE r.practice_id = e.practice_id AND r.topic_id = e.topic_id
                  AND r.part = e.part AND r.off = e.off);
