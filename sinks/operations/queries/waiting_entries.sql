-- name: waiting
-- Entries in some states, in the order in which they came. One in doubt counts once its call cannot be under way any more.
SELECT e.effect_id, v.subject, e.target, e.entry_kind, e.part, e.state, e.reason, e.last_code, e.amount_minor, e.currency,
       e.ledger_date, e.changed_at,
       (SELECT o.effect_id FROM effects o WHERE o.practice_id = e.practice_id AND o.effect_id = e.depends_on
          AND (o.source, o.event_id) = (e.source, e.event_id)) AS part_of
FROM effects e JOIN events v USING (practice_id, source, event_id)
WHERE e.practice_id = :practice_id AND e.state = ANY(:states::text[])
  AND (e.state <> 'UNCERTAIN' OR :in_flight OR e.settle_until IS NULL OR e.settle_until < now())
ORDER BY e.effect_id LIMIT :most;

-- name: units
-- Named entries, each with the parts of its own plan that hang on it (N-3), and what decides about them. `head` is the
-- farthest named entry that it hangs on.
WITH RECURSIVE unit AS (
    SELECT e.effect_id, e.effect_id AS head, 0 AS depth FROM effects e
    WHERE e.practice_id = :practice_id AND e.effect_id = ANY(:effect_ids::bigint[])
    UNION
    SELECT d.effect_id, u.head, u.depth + 1 FROM unit u
    JOIN effects o ON o.practice_id = :practice_id AND o.effect_id = u.effect_id
    JOIN effects d ON d.practice_id = :practice_id AND d.depends_on = o.effect_id
        AND (d.source, d.event_id) = (o.source, o.event_id)
), k AS (
    SELECT DISTINCT ON (effect_id) effect_id, head FROM unit ORDER BY effect_id, depth DESC
)
SELECT e.effect_id, k.head, e.source, e.event_id, v.subject, e.target, e.entry_kind, e.part, e.state, e.reason,
       e.planned_reason, e.holds, e.amount_minor, e.currency, e.ledger_date, e.settings_version, e.connection_id,
       e.depends_on,
       coalesce((o.source, o.event_id) = (e.source, e.event_id), false) AS same_plan, o.state AS origin_state,
       CASE WHEN (call_may_run(e.state) OR e.look_first) AND e.settle_until >= now()
            THEN e.settle_until END AS in_flight_until,
       e.look_first OR e.sent_at IS NOT NULL AS maybe_sent,
       c.connection_id IS NOT NULL AS in_use, c.capabilities,
       EXISTS (SELECT FROM patient_links l WHERE l.practice_id = e.practice_id AND l.patient_ref = e.patient_ref) AS linked,
       coalesce((e.instruction ->> 'office_level')::boolean, false) AS office_level,
       s.closed_through, coalesce(s.policy, 'HOLD') AS closed_period,
       (SELECT coalesce(array_agg(d.effect_id ORDER BY d.effect_id), '{}') FROM effects d
        WHERE d.practice_id = e.practice_id AND d.depends_on = e.effect_id
          AND (d.source, d.event_id) <> (e.source, e.event_id)
          AND is_pending(d.state)) AS followers
FROM k JOIN effects e ON e.practice_id = :practice_id AND e.effect_id = k.effect_id
JOIN events v USING (practice_id, source, event_id)
LEFT JOIN effects o ON o.practice_id = e.practice_id AND o.effect_id = e.depends_on
LEFT JOIN LATERAL (
    SELECT n.connection_id, n.capabilities FROM practice_connections u
    JOIN connections n USING (home_practice_id, connection_id)
    WHERE u.practice_id = e.practice_id AND u.connection_id = e.connection_id AND n.enabled) c ON true
LEFT JOIN LATERAL (
    SELECT (s.body ->> 'ledger_closed_through')::date AS closed_through, s.body ->> 'closed_period' AS policy
    FROM settings_in_force(e.practice_id, business_now(:now)) s) s ON true
ORDER BY k.head, e.effect_id;
