-- name: waiting_events
-- Events without entries that wait, in the order in which they came, with their bytes for the amounts. One that is
-- decided again by itself is nobody's matter.
SELECT event_ref(e.source, e.event_id) AS id, e.source, e.event_id, e.event_type, e.subject, e.concerns, e.waiting,
       e.reason, e.occurred_at, e.received_at, b.original,
       (SELECT s.body ->> 'currency' FROM settings s WHERE s.practice_id = :practice_id
        ORDER BY s.version DESC LIMIT 1) AS currency
FROM events e JOIN bodies b USING (practice_id, month, source, event_id)
WHERE e.practice_id = :practice_id AND e.waiting IS NOT NULL AND e.redecide_at IS NULL
  AND (:states::text[] IS NULL OR e.waiting = ANY(:states::text[]))
ORDER BY e.received_at, e.topic_id, e.part, e.off LIMIT :most;

-- name: events_called
-- Events that wait, by their own id or by that of what they report, as letters name them.
SELECT event_ref(e.source, e.event_id) AS id FROM events e
WHERE e.practice_id = :practice_id AND e.waiting IS NOT NULL AND e.redecide_at IS NULL
  AND (e.event_id = :id OR e.subject = :id)
ORDER BY e.received_at, e.topic_id, e.part, e.off LIMIT :most;

-- name: event_named
-- One event that waits, or did, whole: as INTAKE reads those of a payment.
SELECT event_ref(e.source, e.event_id) AS id, e.practice_id, e.source,
       CASE WHEN e.kind IN ('payout', 'payout_failed') THEN 'payout' ELSE 'payment' END AS of_kind,
       coalesce(e.concerns, e.subject) AS ref, e.event_id, e.subject, e.kind, e.version, e.event_type, e.digest_v,
       e.digest, e.money_digest, e.occurred_at, e.appended_at, e.topic_id, e.part, e.off, e.trace_id, e.waiting,
       e.reason, e.settings_version, e.ended_as, e.superseded_by, b.original_key, b.original, b.plan
FROM events e JOIN bodies b USING (practice_id, month, source, event_id)
WHERE e.practice_id = :practice_id AND event_ref(e.source, e.event_id) = :id
  AND (e.waiting IS NOT NULL OR e.ended_as IS NOT NULL);
