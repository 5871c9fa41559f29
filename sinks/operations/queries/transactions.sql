-- name: page_end
-- The last event of a page: events in their order, from the first after a key.
SELECT practice_id, occurred_at, event_id FROM events
WHERE (:practice_id::text IS NULL OR practice_id = :practice_id)
  AND (:after_practice::text IS NULL
       OR (practice_id, occurred_at, event_id) > (:after_practice::text, :after_at::timestamptz, :after_event::text))
ORDER BY practice_id, occurred_at, event_id
OFFSET :page - 1 LIMIT 1;

-- name: transactions
-- One row per effect, or per event that has none: of all events, or of those of a page, after one key up to another.
-- The plain bounds on the practice say to the planner how few a page has; OFFSET 0 holds it to one look-up by key an event.
WITH found AS (
    SELECT ev.practice_id, ev.source, ev.event_id, ev.event_type, ev.kind, ev.subject, ev.occurred_at,
        (ev.occurred_at AT TIME ZONE coalesce(z.name, 'UTC'))::date AS day,
        ef.effect_id, ef.target, ef.entry_kind, ef.part,
        coalesce(ef.state, ev.waiting, CASE WHEN ev.applied OR ev.superseded_by IS NULL THEN 'APPLIED' ELSE 'VOIDED_BEFORE_POST' END) AS state,
        coalesce(ef.reason, ev.reason) AS reason,
        coalesce(ef.settings_version, ev.settings_version) AS settings_version,
        ef.amount_minor, ef.currency, ef.due_at, coalesce(ef.late, false) AS late, ef.external_id, ef.posted_at,
        ef.attempts, ef.redrives, ef.last_code, coalesce(ev.concerns, ev.subject) AS about
    FROM events ev
    LEFT JOIN LATERAL (SELECT * FROM effects e WHERE e.practice_id = ev.practice_id AND e.source = ev.source
                       AND e.event_id = ev.event_id OFFSET 0) ef ON true
    LEFT JOIN LATERAL (SELECT s.body ->> 'zone' AS name FROM settings s WHERE s.practice_id = ev.practice_id
                       ORDER BY s.version DESC LIMIT 1) z ON true
    WHERE (:practice_id::text IS NULL OR ev.practice_id = :practice_id)
      AND (:after_practice::text IS NULL OR ev.practice_id >= :after_practice
           AND (ev.practice_id, ev.occurred_at, ev.event_id)
             > (:after_practice::text, :after_at::timestamptz, :after_event::text))
      AND (:until_practice::text IS NULL OR ev.practice_id <= :until_practice
           AND (ev.practice_id, ev.occurred_at, ev.event_id)
            <= (:until_practice::text, :until_at::timestamptz, :until_event::text))
      AND (:payment::text IS NULL OR ev.subject = :payment OR ev.event_id = :payment OR ev.concerns = :payment)
      AND (:from_day::date IS NULL OR ev.occurred_at >= :from_day::date::timestamp AT TIME ZONE 'UTC' - interval '1 day')
      AND (:to_day::date IS NULL OR ev.occurred_at < :to_day::date::timestamp AT TIME ZONE 'UTC' + interval '2 days')
)
SELECT * FROM found
WHERE (:states::text[] IS NULL OR state = ANY(:states::text[])
       OR (practice_id, about) IN (SELECT * FROM unnest(:in_practices::text[], :in_subjects::text[])))
  AND (:from_day::date IS NULL OR day BETWEEN :from_day::date AND :to_day::date)
ORDER BY practice_id, occurred_at, event_id, effect_id
LIMIT :most;
