-- name: totals
-- What stands of each payment or payout: what was booked for it, and what was taken back since (R-1, R-15). Signs are
-- the practice's cash view. One statement, three keys an id (events_money, events_superseded, events_concerning),
-- however many others there are; without ids those that a later event spoke of: nothing else can be reversed.
-- MATERIALIZED and OFFSET 0 hold the joins to one look-up an event: a planner that guesses reads a practice instead.
-- A correction's reversals stand on the corrected event, so they are part of what was booked; a won dispute and a
-- failed refund give back what was taken. Charges, write-offs, notes and allocations move no money.
WITH wanted AS MATERIALIZED (
    SELECT u.practice_id, u.source, u.subject
    FROM unnest(:practice_ids::text[], :sources::text[], :subjects::text[]) AS u(practice_id, source, subject)
    UNION
    SELECT e.practice_id, e.source, e.concerns FROM events e
    WHERE :all_linked AND e.concerns IS NOT NULL AND (:practice_id::text IS NULL OR e.practice_id = :practice_id)
), told AS MATERIALIZED (
    SELECT w.practice_id, w.source, w.subject, e.event_id, e.kind
    FROM wanted w
    CROSS JOIN LATERAL (
        SELECT e.event_id, e.kind FROM events e
        WHERE e.practice_id = w.practice_id AND e.source = w.source AND e.subject = w.subject
          AND e.superseded_by IS NULL AND e.concerns IS NULL
        UNION ALL
        SELECT e.event_id, e.kind FROM events e
        WHERE e.practice_id = w.practice_id AND e.source = w.source AND e.subject = w.subject
          AND e.superseded_by IS NOT NULL AND e.concerns IS NULL
        UNION ALL
        SELECT e.event_id, e.kind FROM events e
        WHERE e.practice_id = w.practice_id AND e.source = w.source AND e.concerns = w.subject
    ) e
), entries AS (
    SELECT t.practice_id, t.source, t.subject, t.kind, f.currency, f.amount_minor,
        t.kind IN ('payout', 'payout_failed') AS of_payout,
        t.kind NOT IN ('payment', 'payout', 'fee', 'cleared') AS back,
        is_booked(f.state) AS settled,
        NOT is_final(f.state) AS still_open
    FROM told t
    CROSS JOIN LATERAL (SELECT * FROM effects x WHERE x.practice_id = t.practice_id AND x.source = t.source
        AND x.event_id = t.event_id OFFSET 0) f
    WHERE moves_money(f.entry_kind)
       OR (f.entry_kind = 'reversal' AND moves_money(reversed_kind(f.part)))
), summed AS (
    SELECT practice_id, source, subject, of_payout, currency,
        coalesce(sum(amount_minor) FILTER (WHERE settled AND NOT back), 0)::bigint AS booked_minor,
        coalesce(sum(amount_minor) FILTER (WHERE settled AND kind IN ('refund', 'refund_failed')), 0)::bigint
            AS refunded_minor,
        coalesce(sum(amount_minor) FILTER (WHERE settled AND kind = 'return'), 0)::bigint AS returned_minor,
        coalesce(sum(amount_minor) FILTER (WHERE settled AND kind IN ('dispute', 'dispute_closed')), 0)::bigint
            AS disputed_minor,
        coalesce(sum(amount_minor) FILTER (WHERE settled AND kind IN ('void', 'payout_failed')), 0)::bigint
            AS voided_minor,
        coalesce(sum(amount_minor) FILTER (WHERE settled AND back), 0)::bigint AS back_minor,
        coalesce(sum(amount_minor) FILTER (WHERE still_open), 0)::bigint AS open_minor
    FROM entries GROUP BY practice_id, source, subject, of_payout, currency
)
SELECT practice_id, source, subject, of_payout, currency, booked_minor, refunded_minor, returned_minor, disputed_minor,
    voided_minor, booked_minor + back_minor AS remaining_minor, open_minor,
    CASE WHEN back_minor = 0 OR booked_minor = 0 OR sign(back_minor) = sign(booked_minor) THEN NULL
         WHEN abs(back_minor) >= abs(booked_minor) THEN 'REVERSED'
         ELSE 'PARTIALLY_REVERSED' END AS standing
FROM summed ORDER BY practice_id, source, subject, of_payout;

-- name: transactions
-- One row per effect, or per event that has none.
WITH zone AS (
    SELECT DISTINCT ON (practice_id) practice_id, coalesce(body ->> 'zone', 'UTC') AS name FROM settings
    WHERE :practice_id::text IS NULL OR practice_id = :practice_id
    ORDER BY practice_id, version DESC
), found AS (
    SELECT ev.practice_id, ev.source, ev.event_id, ev.event_type, ev.subject, ev.occurred_at,
        (ev.occurred_at AT TIME ZONE coalesce(z.name, 'UTC'))::date AS day,
        ef.effect_id, ef.target, ef.entry_kind, ef.part,
        coalesce(ef.state, ev.waiting, CASE WHEN ev.applied OR ev.superseded_by IS NULL THEN 'APPLIED' ELSE 'VOIDED_BEFORE_POST' END) AS state,
        coalesce(ef.reason, ev.reason) AS reason,
        coalesce(ef.settings_version, ev.settings_version) AS settings_version,
        ef.amount_minor, ef.currency, ef.due_at, coalesce(ef.late, false) AS late, ef.external_id, ef.posted_at,
        ef.attempts, ef.redrives, ef.last_code, coalesce(ev.concerns, ev.subject) AS about
    FROM events ev
    LEFT JOIN effects ef USING (practice_id, source, event_id)
    LEFT JOIN zone z ON z.practice_id = ev.practice_id
    WHERE (:practice_id::text IS NULL OR ev.practice_id = :practice_id)
      AND (:payment::text IS NULL OR ev.subject = :payment OR ev.event_id = :payment OR ev.concerns = :payment)
      AND (:from_day::date IS NULL OR ev.occurred_at >= :from_day::date::timestamp AT TIME ZONE 'UTC' - interval '1 day')
      AND (:to_day::date IS NULL OR ev.occurred_at < :to_day::date::timestamp AT TIME ZONE 'UTC' + interval '2 days')
)
SELECT * FROM found
WHERE (:states::text[] IS NULL OR state = ANY(:states::text[])
       OR (practice_id, source, about) IN (SELECT * FROM unnest(:in_practices::text[], :in_sources::text[],
           :in_subjects::text[])))
  AND (:from_day::date IS NULL OR day BETWEEN :from_day::date AND :to_day::date)
ORDER BY practice_id, occurred_at, event_id, effect_id
LIMIT :most;

-- name: event_facts
SELECT ev.practice_id, ev.source, ev.event_id, ev.event_type, ev.subject, ev.kind, ev.version, ev.occurred_at,
    ev.received_at, ev.waiting, ev.reason, ev.applied, ev.resolved_at, ev.settings_version, ev.superseded_by,
    coalesce(ev.concerns, ev.subject), ev.topic_id, ev.part, ev.off,
    (SELECT t.topic FROM topic_partitions t WHERE t.topic_id = ev.topic_id)
FROM events ev
WHERE ev.practice_id = :practice_id
  AND (ev.event_id = :id OR ev.subject = :id OR ev.concerns = :id OR EXISTS (
        SELECT FROM effects ef WHERE ef.practice_id = ev.practice_id AND ef.source = ev.source
          AND ef.event_id = ev.event_id AND ef.effect_id::text = :id))
ORDER BY ev.occurred_at, ev.event_id;

-- name: effects_of
SELECT effect_id, target, entry_kind, part, state, reason, settings_version, amount_minor, currency, ledger_date, due_at,
    late, generation, request_id, look_first, attempts, redrives, last_code, external_id, posted_at, depends_on,
    connection_id, (instruction ->> 'gross_minor')::bigint, (instruction ->> 'fee_minor')::bigint,
    (instruction ->> 'surcharge_minor')::bigint
FROM effects WHERE practice_id = :practice_id AND source = :source AND event_id = :event_id ORDER BY effect_id;

-- name: attempts_of
SELECT effect_id, n, phase, epoch, generation, began_at, ended_at, answer, reason, code, external_ids, late
FROM attempts WHERE practice_id = :practice_id AND effect_id = ANY(:effect_ids::bigint[])
ORDER BY effect_id, ended_at, n;

-- name: receipts_of
SELECT topic_id, part, off, verdict FROM receipts
WHERE practice_id = :practice_id AND source = :source AND event_id = :event_id ORDER BY topic_id, part, off;

-- name: dead_entries
-- Effects that stand dead, in the order of their lanes, with what depends on them and what they depend on.
SELECT e.practice_id, e.effect_id, e.target, e.entry_kind, e.part, e.lane, e.connection_id, e.state, e.reason, e.event_id,
    e.changed_at, e.attempts, e.redrives, e.last_code, e.sent_at IS NOT NULL OR e.look_first AS look_first,
    (SELECT count(*)::int FROM effects d WHERE d.practice_id = e.practice_id AND d.depends_on = e.effect_id
       AND is_ready(d.state)) AS dependents,
    (SELECT o.effect_id FROM effects o WHERE o.practice_id = e.practice_id AND o.effect_id = e.depends_on
       AND o.state <> 'POSTED') AS held_by,
    coalesce(c.closed_reason, g.closed_reason) AS closed_reason,
    (SELECT d.effect_id FROM effects d WHERE d.practice_id = e.practice_id AND d.connection_id = e.connection_id
       AND d.lane = e.lane AND is_in_doubt(d.state) LIMIT 1) AS in_doubt,
    e.state = 'DEAD_LETTERED' AND is_unsettled(e.reason)
        AND sent_elsewhere(e.practice_id, e.connection_id, e.sent_at) AS elsewhere
FROM effects e
LEFT JOIN practice_connections pc ON pc.practice_id = e.practice_id AND pc.target = e.target
LEFT JOIN connections c ON c.home_practice_id = pc.home_practice_id AND c.connection_id = pc.connection_id
LEFT JOIN gates g ON g.practice_id = e.practice_id AND g.connection_id = e.connection_id
WHERE is_dead(e.state)
  AND (:practice_id::text IS NULL OR e.practice_id = :practice_id)
  AND (:reason::text IS NULL OR e.reason = :reason)
  AND (:target::text IS NULL OR e.target = :target)
  AND (:since::timestamptz IS NULL OR e.changed_at >= :since)
  AND (:until::timestamptz IS NULL OR e.changed_at < :until)
  AND (:effect_id::bigint IS NULL OR e.effect_id = :effect_id)
ORDER BY e.practice_id, e.effect_id
LIMIT :most;

-- name: dead_records
SELECT practice_id, topic, topic_id, part, off, effect_id, redrives, stage, reason, field, source, event_id, target,
    ambiguous, attempts, first_failed_at, last_failed_at, octet_length(value)
FROM dead_letters
WHERE settled_at IS NULL AND stands_by_itself(stage, reason)
  AND (:practice_id::text IS NULL OR practice_id = :practice_id)
  AND (:reason::text IS NULL OR reason = :reason)
  AND (:target::text IS NULL OR target = :target)
  AND (:since::timestamptz IS NULL OR last_failed_at >= :since)
  AND (:until::timestamptz IS NULL OR last_failed_at < :until)
  AND (:topic::text IS NULL OR (topic = :topic AND part = :part AND off = :off))
ORDER BY practice_id, topic, part, off
LIMIT :most;

-- name: record_bytes
-- Locked, so that two operators do not send it twice.
SELECT key, value FROM dead_letters
WHERE practice_id = :practice_id AND topic_id = :topic_id AND part = :part AND off = :off AND effect_id = :effect_id
  AND redrives = :redrives AND settled_at IS NULL FOR UPDATE;

-- name: settle_record!
UPDATE dead_letters SET settled_at = business_now(:now), settled_as = 'REPUBLISHED', settled_by = :who
WHERE practice_id = :practice_id AND topic_id = :topic_id AND part = :part AND off = :off AND effect_id = :effect_id
  AND redrives = :redrives AND settled_at IS NULL;

-- name: dismiss_record
UPDATE dead_letters SET settled_at = business_now(:now), settled_as = 'DISMISSED', settled_by = :who
WHERE practice_id = :practice_id AND topic = :topic AND part = :part AND off = :off AND settled_at IS NULL
  AND stands_by_itself(stage, reason)
RETURNING reason;

-- name: lock_practice
SELECT practice_id FROM practices WHERE practice_id = :practice_id FOR NO KEY UPDATE;

-- name: audit
SELECT audit_append(:practice_id, business_now(:now), :who, :action, :subject, :before::jsonb,
    :after::jsonb, :why);

-- name: notice_of
SELECT cause, opened_at, told_at, items, suppressed FROM notices
WHERE closed_at IS NULL AND (:practice_id::text IS NULL OR practice_id = :practice_id);

-- name: waiting_for_people
SELECT practice_id, target, state, count(*)::int, min(changed_at) FROM effects
WHERE waits_for_people(state)
  AND (:practice_id::text IS NULL OR practice_id = :practice_id)
GROUP BY practice_id, target, state
UNION ALL
SELECT practice_id, NULL, waiting, count(*)::int, min(received_at) FROM events
WHERE waiting IS NOT NULL AND (:practice_id::text IS NULL OR practice_id = :practice_id)
GROUP BY practice_id, waiting
ORDER BY 1, 2, 3;

-- name: intake_positions
SELECT t.topic, t.topic_id, o.part, o.next_offset, o.changed_at FROM intake_offsets o
LEFT JOIN topic_partitions t USING (topic_id) ORDER BY t.topic, o.part;

-- name: outbox_depth
SELECT topic, count(*)::int, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 FROM outbox
GROUP BY topic ORDER BY topic;

-- name: oldest_due_gates
SELECT g.practice_id, g.connection_id, g.next_due_at,
    extract(epoch FROM business_now(:now) - g.next_due_at)::float8, g.owner IS NOT NULL AND
    g.lease_until > now(), g.closed_reason, g.not_before > now()
FROM gates g WHERE g.next_due_at <= business_now(:now)
ORDER BY g.next_due_at LIMIT :most;

-- name: unposted_by_age
-- What is neither posted nor otherwise final, by how long ago the payment happened.
SELECT e.target, e.currency,
    CASE WHEN age < interval '1 hour' THEN '<1 h' WHEN age < interval '1 day' THEN '<1 d'
         WHEN age < interval '3 days' THEN '<3 d' ELSE 'older' END,
    count(*)::int, sum(e.amount_minor)::bigint
FROM effects e JOIN events ev USING (practice_id, source, event_id),
    LATERAL (SELECT business_now(:now) - ev.occurred_at AS age) a
WHERE NOT is_final(e.state)
  AND (:practice_id::text IS NULL OR e.practice_id = :practice_id)
GROUP BY 1, 2, 3 ORDER BY 1, 2, min(age);

-- name: open_counts
SELECT (SELECT count(*)::int FROM notices WHERE closed_at IS NULL),
    (SELECT count(*)::int FROM deliveries WHERE delivery_under_way(state)),
    (SELECT count(*)::int FROM deliveries WHERE state = 'FAILED' AND code <> 'OVERTAKEN');
