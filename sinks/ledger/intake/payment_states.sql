-- Everything that the ledger holds about some payments and payouts, by two keys (`concerns`, and the subject of the
-- events that report them), however many others are stored. Keys travel as arrays.

-- name: waiting_for_payout
-- Payments named by a payout's items that wait for their money (T-13) or their fee (N-5). A practice where nothing
-- waits costs one look, whatever the payout's length. The first so many in the order of the ids of their events, as
-- `awaiting_funds` and `awaiting_fee` go on with the rest; each with how many entries are to be read of it.
WITH k AS (
    SELECT * FROM unnest(:practice_ids::text[], :refs::text[]) AS k(p, r)
), w AS MATERIALIZED (
    SELECT d.p FROM (SELECT DISTINCT p FROM k) d
    WHERE EXISTS (SELECT FROM work x WHERE x.practice_id = d.p AND x.state = 'AWAITING_CLEARANCE')
       OR EXISTS (SELECT FROM events v WHERE v.practice_id = d.p AND v.waiting = 'AWAITING_FEE')
)
SELECT e.practice_id, e.kind, e.subject AS ref,
       (SELECT count(*) FROM entries n
        WHERE n.practice_id = e.practice_id AND n.source = e.source AND n.event_id = e.event_id) AS stored
FROM k JOIN w ON w.p = k.p
JOIN events e ON e.practice_id = k.p AND e.subject = k.r AND e.kind = 'payment'
    AND e.superseded_by IS NULL
WHERE e.waiting = 'AWAITING_FEE' OR EXISTS (
    SELECT FROM open_effects x WHERE x.practice_id = e.practice_id AND x.source = e.source AND x.event_id = e.event_id
      AND x.state = 'AWAITING_CLEARANCE')
ORDER BY e.practice_id, e.source, e.event_id LIMIT :most;

-- name: stored_counts
-- How much `events` and `entries` would bring of each (law 9): events, no more than are judged, and their entries.
SELECT k.p AS practice_id, k.d AS kind, k.r AS ref, c.stored
FROM unnest(:practice_ids::text[], :kinds::text[], :refs::text[]) AS k(p, d, r)
CROSS JOIN LATERAL (
    SELECT coalesce(sum(1 + n.entries), 0)::bigint AS stored
    FROM (
        (SELECT e.source, e.event_id FROM events e
         WHERE e.practice_id = k.p AND e.subject = k.r AND e.kind = k.d AND e.superseded_by IS NULL LIMIT 1)
        UNION ALL
        (SELECT e.source, e.event_id FROM events e
         WHERE e.practice_id = k.p AND e.concerns = k.r
           AND (k.d = 'payout') = (e.kind IN ('payout', 'payout_failed')) LIMIT :most)
    ) v
    CROSS JOIN LATERAL (
        SELECT count(*) AS entries FROM entries n
        WHERE n.practice_id = k.p AND n.source = v.source AND n.event_id = v.event_id OFFSET 0) n
) c;

-- name: events
WITH k AS (
    SELECT * FROM unnest(:practice_ids::text[], :kinds::text[], :refs::text[]) AS k(p, d, r)
), found AS (
    SELECT k.d AS of_kind, k.r AS ref, e.* FROM k
    JOIN events e ON e.practice_id = k.p AND e.subject = k.r AND e.kind = k.d
        AND e.superseded_by IS NULL
    UNION ALL
    -- As many as are judged, the first that were stored; what comes after them is held and read by nobody (law 9).
    SELECT k.d, k.r, c.* FROM k
    CROSS JOIN LATERAL (
        SELECT e.* FROM events e
        WHERE e.practice_id = k.p AND e.concerns = k.r AND (k.d = 'payout') = (e.kind IN ('payout', 'payout_failed'))
          AND e.superseded_by IS NULL
        ORDER BY e.received_at, e.appended_at, e.off LIMIT :most) c
    UNION ALL
    SELECT k.d, k.r, e.* FROM k
    JOIN events e ON e.practice_id = k.p AND e.concerns = k.r AND e.superseded_by IS NOT NULL
    WHERE (k.d = 'payout') = (e.kind IN ('payout', 'payout_failed'))
)
SELECT f.practice_id, f.source, f.of_kind, f.ref, f.event_id, f.subject, f.kind, f.version, f.event_type, f.digest_v,
       f.digest, f.money_digest, f.occurred_at, f.appended_at, f.topic_id, f.part, f.off, f.trace_id, f.waiting,
       f.reason, f.settings_version, f.ended_as, f.superseded_by, b.original_key, b.original, b.plan
FROM found f
JOIN bodies b ON b.practice_id = f.practice_id AND b.month = f.month AND b.source = f.source AND b.event_id = f.event_id
ORDER BY f.received_at, f.appended_at, f.off;

-- name: gates
-- Locked before the effects, as everywhere (law 8): a poster marks under its gate.
SELECT FROM gates WHERE practice_id = ANY(:practice_ids::text[]) ORDER BY practice_id, connection_id FOR NO KEY UPDATE;

-- name: lock_work
-- In the order of their ids, so that what is decided about them still holds at the commit.
SELECT w.effect_id
FROM unnest(:practice_ids::text[], :sources::text[], :event_ids::text[]) AS k(p, s, i)
JOIN entries e ON e.practice_id = k.p AND e.source = k.s AND e.event_id = k.i
JOIN work w ON w.practice_id = e.practice_id AND w.effect_id = e.effect_id
ORDER BY w.practice_id, w.effect_id FOR NO KEY UPDATE OF w;

-- name: entries
-- In a later statement than the locks: what a poster finished meanwhile is seen as finished.
SELECT e.practice_id, e.source, e.event_id, e.effect_id, e.target, e.entry_kind, e.part, e.state,
       coalesce(e.planned_reason, e.reason) AS reason, e.holds, e.due_at, e.look_first, e.amount_minor, e.depends_on,
       e.lane, e.connection_id, e.instruction::text AS instruction
FROM unnest(:practice_ids::text[], :sources::text[], :event_ids::text[]) AS k(p, s, i)
JOIN effects e ON e.practice_id = k.p AND e.source = k.s AND e.event_id = k.i
ORDER BY e.practice_id, e.effect_id;

-- name: payout_items
-- Of payouts as they were reported last (P-8). One that failed since does not stand, but the fee is known all the same
-- (P-21, N-5): a version reported since the failure is the payout issued anew; a failure of a later version names it.
SELECT i.practice_id, i.payment_id, i.payout_id, i.category, i.gross_minor, i.fee_minor,
       i.gross_minor - i.fee_minor AS net_minor,
       NOT EXISTS (
        SELECT FROM events f WHERE f.practice_id = i.practice_id AND f.concerns = i.payout_id
          AND f.kind = 'payout_failed' AND NOT EXISTS (
            SELECT FROM events p WHERE p.practice_id = i.practice_id AND p.subject = i.payout_id
              AND p.kind = 'payout' AND p.version = i.version AND p.version > f.version
              AND (f.version > 1 OR p.occurred_at > f.occurred_at))) AS stands
FROM unnest(:practice_ids::text[], :refs::text[]) AS k(p, r)
JOIN payout_items i ON i.practice_id = k.p AND i.payment_id = k.r
WHERE NOT EXISTS (
        SELECT FROM payout_items n WHERE n.practice_id = i.practice_id
          AND n.payment_id = i.payment_id AND n.payout_id = i.payout_id AND n.version > i.version)
  AND NOT EXISTS (
        SELECT FROM events v WHERE v.practice_id = i.practice_id AND v.subject = i.payout_id
          AND v.kind = 'payout' AND v.version > i.version AND v.superseded_by IS NULL)
ORDER BY i.practice_id, i.payment_id, i.payout_id, i.number;

-- name: open_dispute!
-- Opened and closed come in any order; an inquiry and its chargeback are one dispute (R-10). One that is opened after its
-- outcome is open again, with a deadline of its own (R-18).
INSERT INTO disputes (practice_id, source, dispute_id, payment_id, opened_at, respond_by, taken_at)
VALUES (:practice_id, :source, :dispute_id, :payment_id, :now, :respond_by, :occurred_at)
ON CONFLICT (practice_id, dispute_id) DO UPDATE
SET respond_by = CASE WHEN EXCLUDED.taken_at > disputes.ended_at THEN EXCLUDED.respond_by
                      WHEN EXCLUDED.taken_at < disputes.taken_at THEN disputes.respond_by
                      ELSE coalesce(EXCLUDED.respond_by, disputes.respond_by) END,
    opened_at = CASE WHEN EXCLUDED.taken_at > disputes.ended_at THEN EXCLUDED.opened_at ELSE disputes.opened_at END,
    outcome = CASE WHEN EXCLUDED.taken_at > disputes.ended_at THEN NULL ELSE disputes.outcome END,
    closed_at = CASE WHEN EXCLUDED.taken_at > disputes.ended_at THEN NULL ELSE disputes.closed_at END,
    taken_at = greatest(disputes.taken_at, EXCLUDED.taken_at);

-- name: close_dispute!
-- An outcome before the last opening is not that opening's; of one opening the highest version stands (R-18).
INSERT INTO disputes (practice_id, source, dispute_id, payment_id, opened_at, outcome, closed_at, ended_at,
    outcome_version)
VALUES (:practice_id, :source, :dispute_id, :payment_id, :now, :outcome, :now, :occurred_at, :version)
ON CONFLICT (practice_id, dispute_id) DO UPDATE
SET outcome = EXCLUDED.outcome, closed_at = EXCLUDED.closed_at, ended_at = EXCLUDED.ended_at,
    outcome_version = EXCLUDED.outcome_version
WHERE (disputes.taken_at IS NULL OR EXCLUDED.ended_at >= disputes.taken_at)
  AND (disputes.outcome IS NULL OR EXCLUDED.outcome_version > disputes.outcome_version);
