-- name: to_enter
-- Entries of the practice's system that wait for a person, with what they are typed in by: also what follows an entry in a
-- system that the practice has left, under the number that the patient had there. Bounded by :most.
SELECT w.effect_id, w.depends_on, e.entry_kind, w.reason, w.planned_reason, e.amount_minor, e.currency, w.ledger_date,
       e.patient_ref, CASE WHEN u.practice_id IS NULL THEN f.pms_patient_id ELSE l.pms_patient_id END AS account, v.subject, (e.source, e.event_id)::text AS plan,
       e.instruction ->> 'payment_kind' AS payment_kind, e.instruction ->> 'tender' AS tender,
       coalesce((e.instruction ->> 'office_level')::boolean, false) AS office_level, n.capabilities
FROM work w
JOIN entries e ON e.practice_id = w.practice_id AND e.effect_id = w.effect_id
JOIN events v ON v.practice_id = e.practice_id AND v.source = e.source AND v.event_id = e.event_id
LEFT JOIN patient_links l ON l.practice_id = e.practice_id AND l.patient_ref = e.patient_ref
LEFT JOIN practice_connections u ON u.practice_id = w.practice_id AND u.target = 'PMS'
    AND u.connection_id = w.connection_id
LEFT JOIN connections n ON n.home_practice_id = u.home_practice_id AND n.connection_id = u.connection_id
LEFT JOIN former_links f ON f.practice_id = e.practice_id AND f.connection_id = w.connection_id
    AND f.patient_ref = e.patient_ref
WHERE w.practice_id = :practice_id AND e.target = 'PMS'
  AND (w.state = 'AWAITING_MANUAL_POST'
       OR u.practice_id IS NULL AND (is_dead(w.state) OR w.state = 'AWAITING_LINK'
                                     OR w.state = 'PAUSED' AND w.reason = 'CONNECTION_REPLACED'))
  AND (:day::date IS NULL OR w.ledger_date = :day)
ORDER BY w.effect_id LIMIT :most;

-- name: elsewhere
-- What else of the practice's system waits or has failed and is not to be typed in, by state and currency; and reports that
-- have no entries yet. Bounded by :most.
SELECT w.state, count(*)::int AS entries, e.currency,
       (sum(e.amount_minor) FILTER (WHERE moves_money(e.entry_kind)))::bigint AS amount_minor
FROM (SELECT * FROM work WHERE practice_id = :practice_id AND state = ANY(:states::text[])
      AND state <> 'AWAITING_MANUAL_POST' ORDER BY effect_id LIMIT :most) w
JOIN entries e ON e.practice_id = w.practice_id AND e.effect_id = w.effect_id
LEFT JOIN practice_connections u ON u.practice_id = w.practice_id AND u.target = 'PMS'
    AND u.connection_id = w.connection_id
WHERE e.target = 'PMS'
  AND NOT (u.practice_id IS NULL AND (is_dead(w.state) OR w.state = 'AWAITING_LINK'
                                      OR w.state = 'PAUSED' AND w.reason = 'CONNECTION_REPLACED'))
  AND (:day::date IS NULL OR w.ledger_date = :day)
GROUP BY w.state, e.currency
UNION ALL
SELECT v.waiting, count(*)::int, NULL, NULL
FROM (SELECT waiting, kind FROM events WHERE practice_id = :practice_id AND waiting IS NOT NULL LIMIT :most) v
WHERE v.kind NOT IN ('payout', 'payout_failed')
GROUP BY v.waiting
ORDER BY 1, 3 NULLS LAST;
