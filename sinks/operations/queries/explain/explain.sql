-- What `writeback explain` reads. Every statement is bound to ids that are indexed; none reads a practice's history.

-- name: known
-- Where an id is known, whatever it names. An event's id is looked for under each pair of practice and source, which are
-- stepped over by the primary key (a loose scan), so that no index by bare ids is kept for a question that is asked now
-- and then.
WITH RECURSIVE pair AS (
    SELECT p.practice_id, (SELECT min(e.source) FROM events e WHERE e.practice_id = p.practice_id) AS source
    FROM practices p WHERE :practice_id::text IS NULL OR p.practice_id = :practice_id
    UNION ALL
    SELECT p.practice_id, (SELECT min(e.source) FROM events e WHERE e.practice_id = p.practice_id AND e.source > p.source)
    FROM pair p WHERE p.source IS NOT NULL
), practice AS (
    SELECT p.practice_id FROM practices p WHERE :practice_id::text IS NULL OR p.practice_id = :practice_id
), hit AS (
    SELECT p.practice_id, e.subject, e.concerns, e.kind, 'event' AS named
    FROM pair p
    CROSS JOIN LATERAL (SELECT * FROM events e WHERE e.practice_id = p.practice_id AND e.source = p.source
        AND e.event_id = :id OFFSET 0) e
    UNION
    SELECT p.practice_id, e.subject, e.concerns, e.kind, e.kind
    FROM practice p
    CROSS JOIN LATERAL (SELECT * FROM events e WHERE e.practice_id = p.practice_id AND e.subject = :id
        AND e.superseded_by IS NULL OFFSET 0) e
    UNION
    SELECT p.practice_id, e.subject, e.concerns, e.kind, e.kind
    FROM practice p
    CROSS JOIN LATERAL (SELECT * FROM events e WHERE e.practice_id = p.practice_id AND e.subject = :id
        AND e.superseded_by IS NOT NULL OFFSET 0) e
    UNION
    SELECT p.practice_id, e.subject, e.concerns, e.kind, 'original'
    FROM practice p
    CROSS JOIN LATERAL (SELECT * FROM events e WHERE e.practice_id = p.practice_id AND e.concerns = :id OFFSET 0) e
    UNION
    SELECT p.practice_id, e.subject, e.concerns, e.kind, 'event'
    FROM practice p
    CROSS JOIN LATERAL (SELECT * FROM told_again t WHERE t.practice_id = p.practice_id AND t.event_id = :id OFFSET 0) t
    JOIN events e ON e.practice_id = p.practice_id AND e.source = t.of_source AND e.event_id = t.of_event_id
    UNION
    SELECT f.practice_id, e.subject, e.concerns, e.kind, 'external id'
    FROM outcomes o JOIN entries f USING (practice_id, effect_id) JOIN events e USING (practice_id, source, event_id)
    WHERE o.external_id = ANY(:external_ids::text[])
      AND (:practice_id::text IS NULL OR o.practice_id = :practice_id)
    UNION
    SELECT f.practice_id, e.subject, e.concerns, e.kind, 'entry'
    FROM practice p
    CROSS JOIN LATERAL (SELECT * FROM entries f
        WHERE f.practice_id = p.practice_id AND f.effect_id = :effect_id::bigint OFFSET 0) f
    JOIN events e ON e.practice_id = f.practice_id AND e.source = f.source AND e.event_id = f.event_id
)
SELECT practice_id, coalesce(concerns, subject) AS subject, kind IN ('payout', 'payout_failed') AS of_payout,
    array_agg(DISTINCT named ORDER BY named) AS named
FROM hit GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;

-- name: marked
-- By the marker that an entry carries at its target, of any generation. No index has it: it reads a practice's entries,
-- or whole tables where none is named, and is asked last.
SELECT f.practice_id, coalesce(e.concerns, e.subject) AS subject,
    e.kind IN ('payout', 'payout_failed') AS of_payout, ARRAY['marker'] AS named
FROM (
    SELECT practice_id, effect_id FROM work
    WHERE (:practice_id::text IS NULL OR practice_id = :practice_id) AND left(request_id, 16) = :request
    UNION
    SELECT practice_id, effect_id FROM outcomes
    WHERE (:practice_id::text IS NULL OR practice_id = :practice_id) AND left(request_id, 16) = :request
    UNION
    SELECT practice_id, effect_id FROM attempts
    WHERE (:practice_id::text IS NULL OR practice_id = :practice_id) AND left(request_id, 16) = :request) k
JOIN entries f USING (practice_id, effect_id)
JOIN events e USING (practice_id, source, event_id)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;

-- name: golive_posts
-- What a go-live check wrote: by the marker, or by its number at the target. A practice has a handful of them.
SELECT c.practice_id, c.check_no, c.step, c.state, c.external_id, 'WB' || left(c.request_id, 16) AS marker, c.began_at,
    c.began_by, c.found_at,
    CASE WHEN c.step = 'payment' THEN (SELECT r.external_id FROM golive_checks r
        WHERE r.practice_id = c.practice_id AND r.check_no = c.check_no AND r.step = 'reversal') END AS taken_back_as
FROM golive_checks c
WHERE (:practice_id::text IS NULL OR c.practice_id = :practice_id)
  AND (left(c.request_id, 16) = :request OR c.external_id = ANY(:external_ids::text[]))
ORDER BY c.practice_id, c.check_no, c.step;

-- name: dead_records_named
-- Records that became no event: all that is known of them is their place and why.
SELECT practice_id, event_id FROM dead_letters
WHERE event_id = :id AND (:practice_id::text IS NULL OR practice_id = :practice_id)
GROUP BY 1, 2 ORDER BY 1, 2;

-- name: events
WITH e AS (
    SELECT * FROM events e WHERE e.practice_id = :practice_id AND e.subject = :about
      AND e.superseded_by IS NULL AND e.concerns IS NULL
    UNION ALL
    SELECT * FROM events e WHERE e.practice_id = :practice_id AND e.subject = :about
      AND e.superseded_by IS NOT NULL AND e.concerns IS NULL
    UNION ALL
    SELECT * FROM events e WHERE e.practice_id = :practice_id AND e.concerns = :about
)
SELECT e.source, e.event_id, e.event_type, e.kind, e.subject, e.version, e.occurred_at, e.received_at, e.reason,
    e.settings_version, e.resolved_at, e.superseded_by,
    ARRAY(SELECT r.verdict || ' at ' || r.part || '@' || r.off FROM receipts r
          WHERE r.practice_id = e.practice_id AND r.source = e.source AND r.event_id = e.event_id
            AND r.verdict <> 'FIRST' AND (r.topic_id, r.part, r.off) <> (e.topic_id, e.part, e.off)
          ORDER BY r.topic_id, r.part, r.off) AS told_again,
    (SELECT coalesce(json_agg(json_build_object('source', t.source, 'event_id', t.event_id, 'verdict', t.verdict,
            'received_at', t.received_at, 'differences', t.differences) ORDER BY t.received_at, t.off), '[]')
     FROM told_again t WHERE t.practice_id = e.practice_id AND t.of_source = e.source
        AND t.of_event_id = e.event_id) AS told_by_others,
    e.waiting, e.applied, e.waited,
    coalesce((SELECT t.topic FROM topic_partitions t WHERE t.topic_id = e.topic_id), e.topic_id) AS topic,
    e.part, e.off,
    b.original, b.plan
FROM e
LEFT JOIN bodies b ON b.practice_id = e.practice_id AND b.month = e.month AND b.source = e.source
    AND b.event_id = e.event_id
WHERE (e.kind IN ('payout', 'payout_failed')) = :of_payout
ORDER BY e.occurred_at, e.version, e.received_at, e.event_id;

-- name: entries
SELECT f.target, f.entry_kind, f.part, f.state, f.reason, f.amount_minor,
    (SELECT r.amount_minor FROM recorded_amounts r WHERE r.practice_id = f.practice_id AND r.effect_id = f.effect_id
       AND f.state = 'RECORDED_MANUALLY') AS entered_minor, f.currency, f.ledger_date, f.patient_ref,
    f.settings_version, f.due_at, f.late, f.holds, f.connection_id,
    CASE WHEN is_in_lane(f.state)
         THEN coalesce(c.closed_reason, g.closed_reason) END AS connection_closed,
    f.external_id, f.posted_at, f.request_id, f.generation, f.redrives,
    ARRAY(SELECT (s ->> 1)::bigint FROM jsonb_array_elements(f.placement -> 'shares') s) AS shares_minor,
    f.source, f.event_id, f.effect_id, f.attempts, f.last_code, f.depends_on,
    (f.instruction ->> 'gross_minor')::bigint AS gross_minor, (f.instruction ->> 'fee_minor')::bigint AS fee_minor,
    (f.instruction ->> 'surcharge_minor')::bigint AS surcharge_minor,
    coalesce((f.instruction ->> 'occurred_at')::date, f.ledger_date) AS happened_on,
    ARRAY(SELECT json_array_elements_text(f.instruction -> 'claim' -> 'doubts')) AS doubts,
    ARRAY(SELECT json_array_elements_text(f.instruction -> 'claim' -> 'remarks')) AS remarks,
    CASE WHEN is_ready(f.state) AND f.due_at < g.blackout_until
           AND g.blackout_until > business_now(:now) THEN g.blackout_until END AS rests_until,
    (SELECT s.body ->> 'zone' FROM settings_in_force(f.practice_id, business_now(:now)) s) AS zone
FROM unnest(:sources::text[], :event_ids::text[]) AS k(source, event_id)
JOIN effects f ON f.practice_id = :practice_id AND f.source = k.source AND f.event_id = k.event_id
LEFT JOIN gates g ON g.practice_id = f.practice_id AND g.connection_id = f.connection_id
LEFT JOIN LATERAL (SELECT c.closed_reason FROM practice_connections u
    JOIN connections c ON c.home_practice_id = u.home_practice_id AND c.connection_id = u.connection_id
    WHERE u.practice_id = f.practice_id AND u.target = f.target AND c.connection_id = f.connection_id OFFSET 0) c ON true
ORDER BY f.effect_id;

-- name: typed_in
-- Entries that wait because the mirror has a payment like them (as the poster's `plan` compares): which one that is, and
-- to which others of ours that wait it is just as like.
WITH held AS MATERIALIZED (
    SELECT w.effect_id, w.ledger_date, e.patient_ref, e.amount_minor,
        (e.instruction ->> 'gross_minor')::bigint AS gross_minor, w.placement ->> 'posts_to' AS posts_to
    FROM work w
    JOIN entries e ON e.practice_id = w.practice_id AND e.effect_id = w.effect_id
    WHERE w.practice_id = :practice_id AND w.state = 'AWAITING_REVIEW' AND w.reason = 'PROBABLY_TYPED_IN'
        AND e.entry_kind = 'payment' AND e.target = 'PMS'
), alike AS MATERIALIZED (
    SELECT h.effect_id, m.external_id
    FROM held h
    CROSS JOIN LATERAL (
        SELECT l.pms_patient_id FROM patient_links l
        WHERE l.practice_id = :practice_id AND l.patient_ref = h.patient_ref OFFSET 0) l
    CROSS JOIN LATERAL (
        SELECT m.external_id FROM mirror_entries m
        WHERE m.practice_id = :practice_id AND m.pms_patient_id IN (l.pms_patient_id, h.posts_to)
          AND m.entry_date = h.ledger_date AND m.amount_minor IN (h.amount_minor, h.gross_minor)
          AND NOT m.ours AND m.gone_at IS NULL OFFSET 0) m
)
SELECT a.effect_id, a.external_id,
    ARRAY(SELECT b.effect_id FROM alike b WHERE b.external_id = a.external_id AND b.effect_id <> a.effect_id
          ORDER BY b.effect_id) AS others
FROM alike a
WHERE a.effect_id = ANY(:effect_ids::bigint[])
ORDER BY a.effect_id, a.external_id;

-- name: attempts
SELECT n, phase, generation, request_id, began_at, ended_at, answer, reason, code, external_ids, vendor_request_id,
    late, effect_id, jsonb_array_length(reading -> 'charges') AS charges
FROM attempts WHERE practice_id = :practice_id AND effect_id = ANY(:effect_ids::bigint[])
ORDER BY effect_id, ended_at, n;

-- name: letters
SELECT stage, reason, field, headers ->> 'dl-fault' AS fault, redrives, ambiguous, first_failed_at, last_failed_at, settled_at, settled_as, settled_by,
    source, event_id, effect_id, topic, part, off
FROM dead_letters
WHERE practice_id = :practice_id AND (effect_id = ANY(:effect_ids::bigint[]) AND effect_id <> 0
    OR effect_id = 0 AND (source, event_id) IN (SELECT * FROM unnest(:sources::text[], :event_ids::text[]))
    OR effect_id = 0 AND event_id = :record)
ORDER BY first_failed_at, topic, part, off, redrives;

-- name: notices
-- Notices speak of a cause, not of an entry: those of these causes that were open meanwhile.
SELECT n.cause, n.opened_at, n.told_at, n.closed_at,
    (SELECT count(*)::int FROM deliveries d WHERE d.practice_id = n.practice_id AND d.cause = n.cause
       AND d.opened_at = n.opened_at AND d.state = 'SENT') AS letters_sent,
    n.reason, n.target
FROM notices n
WHERE n.practice_id = :practice_id AND n.reason = ANY(:reasons::text[])
  AND coalesce(n.closed_at, 'infinity') >= :since::timestamptz
ORDER BY n.opened_at, n.cause;

-- name: payouts_of
-- Which payouts carry a payment, with the document that stands for each.
SELECT i.payout_id, i.version, i.category, i.gross_minor, i.fee_minor, EXISTS (
        SELECT FROM events x WHERE x.practice_id = i.practice_id AND x.concerns = i.payout_id
          AND x.kind = 'payout_failed' AND NOT (i.version > x.version
            AND (x.version > 1 OR e.occurred_at > x.occurred_at))) AS failed,
    f.state, f.external_id, f.ledger_date, i.number, f.effect_id
FROM payout_items i
LEFT JOIN events e ON e.practice_id = i.practice_id AND e.subject = i.payout_id
    AND e.kind = 'payout' AND e.version = i.version AND e.superseded_by IS NULL
LEFT JOIN effects f ON f.practice_id = e.practice_id AND f.source = e.source AND f.event_id = e.event_id
    AND f.target = 'QUICKBOOKS' AND f.entry_kind = 'payout'
WHERE i.practice_id = :practice_id AND i.payment_id = :about
ORDER BY i.payout_id, i.version, i.number;

-- name: versions
SELECT version, effective_from, saved_at, saved_by, body, reason FROM settings
WHERE practice_id = :practice_id AND version = ANY(:versions::int[]) ORDER BY version;

-- name: people
-- What people did about exactly this: by an entry's number, a record's place, an id, or the patient's link.
SELECT at, actor, action, subject, why FROM (
    SELECT n, at, actor, action, subject, why FROM audit
    WHERE practice_id = :practice_id AND subject = ANY(:subjects::text[])
    UNION
    SELECT n, at, actor, action, subject, why FROM audit
    WHERE practice_id = :practice_id AND after ? 'ids' AND after -> 'ids' ?| :subjects::text[]) a
ORDER BY n;
