-- name: receipt_gaps
-- Half-open ranges of offsets in [low, high) without a receipt, whoever's it may be.
WITH r AS (
    SELECT DISTINCT off FROM receipts WHERE topic_id = :topic_id AND part = :part AND off >= :low AND off < :high
), g AS (
    SELECT off + 1 AS gap_from, lead(off, 1, :high::bigint) OVER (ORDER BY off) AS gap_to
    FROM (SELECT off FROM r UNION ALL SELECT :low::bigint - 1) edges
)
SELECT gap_from, gap_to FROM g WHERE gap_to > gap_from ORDER BY gap_from;

-- name: receipts_counted
SELECT count(*), count(DISTINCT off) FROM receipts
WHERE topic_id = :topic_id AND part = :part AND off >= :low AND off < :high;

-- name: state_counts
SELECT practice_id, target, state, currency, count(*), sum(amount_minor)::bigint
FROM effects WHERE :practice_id::text IS NULL OR practice_id = :practice_id
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3;

-- name: waiting_counts
SELECT practice_id, waiting, reason, count(*) FROM events
WHERE waiting IS NOT NULL AND (:practice_id::text IS NULL OR practice_id = :practice_id)
GROUP BY 1, 2, 3 ORDER BY 1, 2;

-- name: told
-- Every event that tells money, with its own bytes and what became of its entries. What goes back is on events of its
-- own, with its own entries: it changes nothing in what came in.
SELECT e.practice_id, e.source, e.event_id, e.event_type, e.waiting, b.original,
       (SELECT jsonb_object_agg(s.key, s.minor) FROM (
            SELECT f.target || ':' || f.state AS key, sum(f.amount_minor) AS minor FROM effects f
            WHERE f.practice_id = e.practice_id AND f.source = e.source AND f.event_id = e.event_id
              AND books_first(f.entry_kind)
            GROUP BY 1) s), e.applied
FROM events e JOIN bodies b USING (practice_id, month, source, event_id)
WHERE e.kind IN ('payment', 'payout') AND e.superseded_by IS NULL
  AND (:practice_id::text IS NULL OR e.practice_id = :practice_id);

-- name: unaccounted
-- Resolved events that neither have effects nor are APPLIED, and effects of events that are not resolved (I1, law 2).
SELECT e.practice_id, e.source, e.event_id FROM events e
WHERE e.superseded_by IS NULL AND (e.resolved_at IS NOT NULL AND NOT e.applied) <> EXISTS (
    SELECT FROM effects f WHERE f.practice_id = e.practice_id AND f.source = e.source AND f.event_id = e.event_id);

-- name: without_receipt
SELECT e.practice_id, e.source, e.event_id FROM events e
WHERE NOT EXISTS (SELECT FROM receipts r WHERE r.practice_id = e.practice_id AND r.topic_id = e.topic_id
                  AND r.part = e.part AND r.off = e.off);

-- name: open_effects
-- What is not final, by state and age since it was due.
SELECT target, state, currency, CASE
        WHEN age < interval '1 hour' THEN '<1h' WHEN age < interval '1 day' THEN '<1d'
        WHEN age < interval '3 days' THEN '<3d' ELSE 'older' END,
    count(*), sum(amount_minor)::bigint,
    coalesce(extract(epoch FROM max(age) FILTER (WHERE is_ready(state))), 0)::float8,
    coalesce(extract(epoch FROM max(age)), 0)::float8
FROM (SELECT target, state, currency, amount_minor, business_now(:now) - due_at AS age FROM effects
      WHERE is_open(state)) open_ones
GROUP BY 1, 2, 3, 4;

-- name: foreign_transaction
-- Our own connections end theirs by `transaction_timeout`; others do not, and one old snapshot slows every claim. What
-- this user may not see of others (without pg_monitor) is not counted.
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float8
FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND backend_xmin IS NOT NULL
  AND pid <> pg_backend_pid() AND NOT starts_with(application_name, 'writeback-');
