-- Transactions are found in two steps: keys of events, a bounded page of them by one index (`in_order`, `posted`,
-- `paid_out`, `of_patient`, `of_payment`, `unfinished`), then what stands of those and matches (`matching`), as `rows` or
-- as `sums`. So what a page costs is bounded by the page, whatever the table holds. All keys come in one order, which no
-- change of a state moves.

-- name: calendar
-- The practice's zone, of its newest settings, and the first day of its week.
SELECT coalesce((SELECT s.body ->> 'zone' FROM settings s WHERE s.practice_id = p.practice_id
                 ORDER BY s.version DESC LIMIT 1), 'UTC') AS zone, p.week_starts
FROM practices p WHERE p.practice_id = :practice_id;

-- name: patient_refs
-- Under which names upstreams know a patient: the name itself, or those that are linked to this number.
SELECT :patient::text UNION
SELECT l.patient_ref FROM patient_links l WHERE l.practice_id = :practice_id AND l.pms_patient_id = :patient;

-- name: in_order
-- By when they happened, of one practice or of all.
SELECT practice_id, occurred_at, event_id, source FROM events
WHERE (:practice_id::text IS NULL OR practice_id = :practice_id)
  AND (:from_at::timestamptz IS NULL OR occurred_at >= :from_at)
  AND (:until_at::timestamptz IS NULL OR occurred_at < :until_at)
  AND (:after_practice::text IS NULL OR practice_id >= :after_practice
       AND (practice_id, occurred_at, event_id, source)
         >= (:after_practice::text, :after_at::timestamptz, :after_event::text, :after_source::text))
ORDER BY practice_id, occurred_at, event_id, source LIMIT :page;

-- name: posted
-- Of entries that ended in these days; `matching` looks at the exact time.
SELECT DISTINCT v.practice_id, v.occurred_at, v.event_id, v.source
FROM (SELECT DISTINCT o.practice_id, o.effect_id FROM outcomes o
      WHERE o.practice_id = :practice_id AND is_booked(o.state)
        AND o.changed_at >= :from_at::timestamptz - interval '1 hour'
        AND o.changed_at < :until_at::timestamptz + interval '1 hour') d
CROSS JOIN LATERAL (SELECT * FROM entries x WHERE x.practice_id = d.practice_id AND x.effect_id = d.effect_id OFFSET 0) e
CROSS JOIN LATERAL (SELECT * FROM events x WHERE x.practice_id = e.practice_id AND x.source = e.source
    AND x.event_id = e.event_id OFFSET 0) v
WHERE (:after_practice::text IS NULL OR (v.practice_id, v.occurred_at, v.event_id, v.source)
         >= (:after_practice::text, :after_at::timestamptz, :after_event::text, :after_source::text))
ORDER BY v.practice_id, v.occurred_at, v.event_id, v.source LIMIT :page;

-- name: paid_out
-- Payouts that arrive on these days, by the date of their document, and what is in those that stand.
WITH documents AS MATERIALIZED (
    SELECT v.practice_id, v.occurred_at, v.event_id, v.source, coalesce(v.concerns, v.subject) AS payout_id
    FROM entries e
    CROSS JOIN LATERAL (SELECT * FROM events x WHERE x.practice_id = e.practice_id AND x.source = e.source
        AND x.event_id = e.event_id OFFSET 0) v
    WHERE e.practice_id = :practice_id AND e.target = 'QUICKBOOKS'
      AND e.ledger_date BETWEEN :from_day::date AND :to_day::date
), found AS (
    SELECT practice_id, occurred_at, event_id, source FROM documents
    UNION
    SELECT v.practice_id, v.occurred_at, v.event_id, v.source
    FROM (SELECT DISTINCT practice_id, payout_id FROM documents) d
    CROSS JOIN LATERAL (SELECT * FROM standing_items s WHERE s.practice_id = d.practice_id
        AND s.payout_id = d.payout_id OFFSET 0) i
    CROSS JOIN LATERAL (SELECT * FROM events x WHERE x.practice_id = i.practice_id AND x.subject = i.subject
        AND x.superseded_by IS NULL AND x.kind NOT IN ('payout', 'payout_failed') OFFSET 0) v
)
SELECT * FROM found
WHERE :after_practice::text IS NULL OR (practice_id, occurred_at, event_id, source)
    >= (:after_practice::text, :after_at::timestamptz, :after_event::text, :after_source::text)
ORDER BY practice_id, occurred_at, event_id, source LIMIT :page;

-- name: of_patient
SELECT DISTINCT v.practice_id, v.occurred_at, v.event_id, v.source
FROM entries e
CROSS JOIN LATERAL (SELECT * FROM events x WHERE x.practice_id = e.practice_id AND x.source = e.source
    AND x.event_id = e.event_id OFFSET 0) v
WHERE e.practice_id = :practice_id AND e.patient_ref = ANY(:patient_refs::text[])
  AND (:after_practice::text IS NULL OR (v.practice_id, v.occurred_at, v.event_id, v.source)
         >= (:after_practice::text, :after_at::timestamptz, :after_event::text, :after_source::text))
ORDER BY v.practice_id, v.occurred_at, v.event_id, v.source LIMIT :page;

-- name: unfinished
-- Entries, and events without entries, that stand in these states, none of which is final: as many as are open.
SELECT DISTINCT v.practice_id, v.occurred_at, v.event_id, v.source
FROM (
    SELECT e.practice_id, e.source, e.event_id FROM work w
    CROSS JOIN LATERAL (SELECT * FROM entries x WHERE x.practice_id = w.practice_id AND x.effect_id = w.effect_id OFFSET 0) e
    WHERE w.practice_id = :practice_id AND w.state = ANY(:states::text[])
    UNION ALL
    SELECT e.practice_id, e.source, e.event_id FROM events e
    WHERE e.practice_id = :practice_id AND e.waiting IS NOT NULL AND e.waiting = ANY(:states::text[])) k
CROSS JOIN LATERAL (SELECT * FROM events x WHERE x.practice_id = k.practice_id AND x.source = k.source
    AND x.event_id = k.event_id OFFSET 0) v
WHERE :after_practice::text IS NULL OR (v.practice_id, v.occurred_at, v.event_id, v.source)
    >= (:after_practice::text, :after_at::timestamptz, :after_event::text, :after_source::text)
ORDER BY v.practice_id, v.occurred_at, v.event_id, v.source LIMIT :page;

-- name: of_payment
-- By the id of a payment or payout, or an event's own, which is looked for under each source by the primary key.
WITH RECURSIVE pair AS (
    SELECT p.practice_id, (SELECT min(e.source) FROM events e WHERE e.practice_id = p.practice_id) AS source
    FROM practices p WHERE :practice_id::text IS NULL OR p.practice_id = :practice_id
    UNION ALL
    SELECT p.practice_id, (SELECT min(e.source) FROM events e WHERE e.practice_id = p.practice_id AND e.source > p.source)
    FROM pair p WHERE p.source IS NOT NULL
), practice AS MATERIALIZED (
    SELECT p.practice_id FROM practices p WHERE :practice_id::text IS NULL OR p.practice_id = :practice_id
), found AS (
    SELECT e.practice_id, e.occurred_at, e.event_id, e.source FROM pair p
    CROSS JOIN LATERAL (SELECT * FROM events e WHERE e.practice_id = p.practice_id AND e.source = p.source
        AND e.event_id = :payment OFFSET 0) e
    UNION
    SELECT e.practice_id, e.occurred_at, e.event_id, e.source FROM practice p
    CROSS JOIN LATERAL (SELECT * FROM events e WHERE e.practice_id = p.practice_id AND e.subject = :payment
        AND e.superseded_by IS NULL OFFSET 0) e
    UNION
    SELECT e.practice_id, e.occurred_at, e.event_id, e.source FROM practice p
    CROSS JOIN LATERAL (SELECT * FROM events e WHERE e.practice_id = p.practice_id AND e.subject = :payment
        AND e.superseded_by IS NOT NULL OFFSET 0) e
    UNION
    SELECT e.practice_id, e.occurred_at, e.event_id, e.source FROM practice p
    CROSS JOIN LATERAL (SELECT * FROM events e WHERE e.practice_id = p.practice_id AND e.concerns = :payment OFFSET 0) e
)
SELECT * FROM found
WHERE :after_practice::text IS NULL OR (practice_id, occurred_at, event_id, source)
    >= (:after_practice::text, :after_at::timestamptz, :after_event::text, :after_source::text)
ORDER BY practice_id, occurred_at, event_id, source LIMIT :page;

-- name: matching
-- One row per effect, or per event that has none, of these events, and of those what matches.
SELECT * FROM (
    SELECT ev.practice_id, ev.source, ev.event_id, ev.event_type, ev.kind, ev.subject, ev.concerns, ev.occurred_at,
        (ev.occurred_at AT TIME ZONE coalesce(z.name, 'UTC'))::date AS day,
        ef.effect_id, ef.target, ef.entry_kind, ef.part,
        CASE WHEN ef.entry_kind = 'reversal' THEN reversed_kind(ef.part) ELSE ef.entry_kind END AS moves,
        coalesce(ef.state, ev.waiting, CASE WHEN ev.applied OR ev.superseded_by IS NULL THEN 'APPLIED' ELSE 'VOIDED_BEFORE_POST' END) AS state,
        coalesce(ef.reason, ev.reason) AS reason,
        coalesce(ef.settings_version, ev.settings_version) AS settings_version,
        ef.amount_minor, ef.currency, ef.due_at, coalesce(ef.late, false) AS late, ef.external_id, ef.posted_at,
        ef.attempts, ef.redrives, ef.last_code, coalesce(ev.concerns, ev.subject) AS about,
        ef.instruction ->> 'payment_kind' AS payment_kind, ef.instruction ->> 'tender' AS tender,
        (ef.instruction ->> 'gross_minor')::bigint AS gross_minor, ef.patient_ref,
        CASE WHEN is_booked(ef.state) THEN coalesce(ef.posted_at, ef.changed_at) END AS booked_at,
        CASE WHEN ended_by_person(ef.state) THEN (SELECT r.amount_minor FROM recorded_amounts r
            WHERE r.practice_id = ef.practice_id AND r.effect_id = ef.effect_id) END AS entered_minor,
        CASE WHEN ef.effect_id IS NOT NULL THEN entry_version(ef.n, ef.state, ef.reason, ef.generation, ef.attempts, ef.amount_minor, ef.changed_at) END AS version
    FROM unnest(:practice_ids::text[], :sources::text[], :event_ids::text[]) AS k(practice_id, source, event_id)
    CROSS JOIN LATERAL (SELECT * FROM events e WHERE e.practice_id = k.practice_id AND e.source = k.source
                        AND e.event_id = k.event_id OFFSET 0) ev
    LEFT JOIN LATERAL (SELECT * FROM effects e WHERE e.practice_id = k.practice_id AND e.source = k.source
                       AND e.event_id = k.event_id OFFSET 0) ef ON true
    LEFT JOIN LATERAL (SELECT s.body ->> 'zone' AS name FROM settings s WHERE s.practice_id = k.practice_id
                       ORDER BY s.version DESC LIMIT 1) z ON true
) found
WHERE (:states::text[] IS NULL OR state = ANY(:states::text[])
       OR (practice_id, about) IN (SELECT * FROM unnest(:in_practices::text[], :in_subjects::text[])))
  AND (:first_day::date IS NULL OR day BETWEEN :first_day::date AND :last_day::date)
  AND (:booked_from::timestamptz IS NULL OR booked_at >= :booked_from AND booked_at < :booked_until::timestamptz)
  AND (:payment::text IS NULL OR subject = :payment OR event_id = :payment OR concerns = :payment)
  AND (:target::text IS NULL OR target = :target)
  AND (:payment_kinds::text[] IS NULL OR effect_id IS NOT NULL AND coalesce(payment_kind, '') = ANY(:payment_kinds::text[]))
  AND (:tenders::text[] IS NULL OR effect_id IS NOT NULL AND coalesce(tender, '') = ANY(:tenders::text[]))
  AND (:moves::text[] IS NULL OR moves = ANY(:moves::text[]))
  AND (NOT :without_entry OR effect_id IS NULL)
  AND (:patient_refs::text[] IS NULL OR patient_ref = ANY(:patient_refs::text[]))
  AND (:low_minor::bigint IS NULL OR abs(amount_minor) BETWEEN :low_minor AND :high_minor::bigint
       OR abs(gross_minor) BETWEEN :low_minor AND :high_minor::bigint)
  AND (:text::text IS NULL OR strpos(subject, :text) > 0 OR strpos(event_id, :text) > 0 OR strpos(concerns, :text) > 0
       OR strpos(external_id, :text) > 0 OR 'e:' || effect_id = :text);

-- name: rows
-- What matches, from a place on.
SELECT practice_id, source, event_id, event_type, kind, subject, occurred_at, day, effect_id, target, entry_kind, part,
    state, reason, settings_version, amount_minor, currency, due_at, late, external_id, posted_at, attempts, redrives,
    last_code, about, payment_kind, tender, entered_minor, version
FROM (:query_matching) matches
WHERE :after_practice::text IS NULL OR (practice_id, occurred_at, event_id, source, coalesce(effect_id, 0))
    > (:after_practice::text, :after_at::timestamptz, :after_event::text, :after_source::text, :after_effect::bigint)
ORDER BY practice_id, occurred_at, event_id, source, effect_id
LIMIT :most;

-- name: sums
-- What all that matches comes to. What a person entered counts, where it was another amount (POST-10).
SELECT state, target, moves, payment_kind, tender, currency, count(*)::int AS entries,
    coalesce(sum(coalesce(entered_minor, amount_minor)), 0)::bigint AS amount_minor
FROM (:query_matching) matches
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6;
