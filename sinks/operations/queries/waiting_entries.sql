-- name: waiting
-- Entries in some states, in the order in which they came. One in doubt counts once its call cannot be under way any more.
SELECT e.effect_id, v.subject, e.target, e.entry_kind, e.part, e.state, e.reason, e.last_code, e.amount_minor, e.currency,
       e.ledger_date, e.changed_at, c.assigned_to,
       CASE WHEN 'AWAITING_MANUAL_POST' = ANY(e.holds) THEN c.held_by END AS held_by,
       entry_version(e.n, e.state, e.reason, e.generation, e.attempts, e.amount_minor, e.changed_at) AS version,
       (SELECT o.effect_id FROM effects o WHERE o.practice_id = e.practice_id AND o.effect_id = e.depends_on
          AND (o.source, o.event_id) = (e.source, e.event_id)) AS part_of
FROM (
    (SELECT w.practice_id, w.effect_id FROM work w
     WHERE w.practice_id = :practice_id AND w.state = ANY(:states::text[])
       AND (w.state <> 'UNCERTAIN' OR :in_flight OR w.settle_until IS NULL OR w.settle_until < now())
     ORDER BY w.effect_id LIMIT :most)
    UNION ALL
    (SELECT o.practice_id, o.effect_id FROM outcomes o
     WHERE EXISTS (SELECT FROM unnest(:states::text[]) s WHERE is_final(s))
       AND o.practice_id = :practice_id AND o.state = ANY(:states::text[])
       AND NOT EXISTS (SELECT FROM outcomes x WHERE x.practice_id = o.practice_id AND x.effect_id = o.effect_id AND x.n > o.n)
       AND NOT EXISTS (SELECT FROM work w WHERE w.practice_id = o.practice_id AND w.effect_id = o.effect_id)
     ORDER BY o.effect_id LIMIT :most)
    ORDER BY effect_id LIMIT :most) k
CROSS JOIN LATERAL (SELECT * FROM effects x WHERE x.practice_id = k.practice_id AND x.effect_id = k.effect_id OFFSET 0) e
JOIN events v ON v.practice_id = e.practice_id AND v.source = e.source AND v.event_id = e.event_id
LEFT JOIN LATERAL (SELECT * FROM entry_care x WHERE x.practice_id = e.practice_id AND x.effect_id = e.effect_id OFFSET 0) c
    ON true
ORDER BY e.effect_id;

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
       e.look_first, e.look_first OR e.sent_at IS NOT NULL AS maybe_sent,
       c.connection_id IS NOT NULL AS in_use, c.capabilities,
       (SELECT true FROM patient_links l
        WHERE l.practice_id = e.practice_id AND l.patient_ref = e.patient_ref) IS NOT NULL AS linked,
       coalesce((e.instruction ->> 'office_level')::boolean, false) AS office_level,
       entry_version(e.n, e.state, e.reason, e.generation, e.attempts, e.amount_minor, e.changed_at) AS version,
       (SELECT h.held_at FROM entry_care h
        WHERE h.practice_id = e.practice_id AND h.effect_id = e.effect_id) IS NOT NULL AS held,
       s.closed_through, coalesce(s.policy, 'HOLD') AS closed_period,
       (SELECT coalesce(array_agg(d.effect_id ORDER BY d.effect_id), '{}') FROM effects d
        WHERE d.practice_id = e.practice_id AND d.depends_on = e.effect_id
          AND (d.source, d.event_id) <> (e.source, e.event_id)
          AND is_pending(d.state)) AS followers
FROM k
CROSS JOIN LATERAL (SELECT * FROM effects x WHERE x.practice_id = :practice_id AND x.effect_id = k.effect_id OFFSET 0) e
JOIN events v USING (practice_id, source, event_id)
LEFT JOIN LATERAL (SELECT * FROM effects x
                   WHERE x.practice_id = e.practice_id AND x.effect_id = e.depends_on OFFSET 0) o ON true
LEFT JOIN LATERAL (
    SELECT n.connection_id, n.capabilities FROM practice_connections u
    JOIN connections n USING (home_practice_id, connection_id)
    WHERE u.practice_id = e.practice_id AND u.connection_id = e.connection_id AND n.enabled) c ON true
LEFT JOIN LATERAL (
    SELECT (s.body ->> 'ledger_closed_through')::date AS closed_through, s.body ->> 'closed_period' AS policy
    FROM settings_in_force(e.practice_id, business_now(:now)) s) s ON true
ORDER BY k.head, e.effect_id;
