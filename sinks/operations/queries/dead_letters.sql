-- name: dead_entries
-- Effects that stand dead, in the order of their lanes, with what depends on them and what they depend on.
SELECT e.practice_id, e.effect_id, e.target, e.entry_kind, e.part, e.lane, e.connection_id, e.state, e.reason, e.event_id,
    e.changed_at, e.attempts, e.redrives, e.last_code, e.sent_at IS NOT NULL OR e.look_first AS look_first,
    (SELECT count(*)::int FROM effects d WHERE d.practice_id = e.practice_id AND d.depends_on = e.effect_id
       AND is_ready(d.state)) AS dependents,
    (SELECT o.effect_id FROM effects o WHERE o.practice_id = e.practice_id AND o.effect_id = e.depends_on
       AND o.state <> 'POSTED') AS held_by,
    coalesce(c.closed_reason, g.closed_reason) AS closed_reason,
    (SELECT d.effect_id FROM work d WHERE d.practice_id = e.practice_id AND d.connection_id = e.connection_id
       AND d.lane = e.lane AND is_in_doubt(d.state) LIMIT 1) AS in_doubt,
    e.state = 'DEAD_LETTERED' AND is_unsettled(e.reason)
        AND sent_elsewhere(e.practice_id, e.connection_id, e.sent_at) AS elsewhere
FROM (
    SELECT w.practice_id, w.effect_id FROM work w
    CROSS JOIN LATERAL (SELECT x.target FROM entries x
                        WHERE x.practice_id = w.practice_id AND x.effect_id = w.effect_id OFFSET 0) t
    WHERE is_dead(w.state)
      AND (:practice_id::text IS NULL OR w.practice_id = :practice_id)
      AND (:reason::text IS NULL OR w.reason = :reason)
      AND (:target::text IS NULL OR t.target = :target)
      AND (:since::timestamptz IS NULL OR w.changed_at >= :since)
      AND (:until::timestamptz IS NULL OR w.changed_at < :until)
      AND (:effect_id::bigint IS NULL OR w.effect_id = :effect_id)
      AND (cardinality(:lanes_of::bigint[]) = 0 OR (w.connection_id, w.lane) IN (
           SELECT x.connection_id, x.lane FROM effects x
           WHERE x.practice_id = :practice_id AND x.effect_id = ANY(:lanes_of::bigint[])))
    ORDER BY w.practice_id, w.effect_id
    LIMIT :most) k
CROSS JOIN LATERAL (SELECT * FROM open_effects x
                    WHERE x.practice_id = k.practice_id AND x.effect_id = k.effect_id OFFSET 0) e
LEFT JOIN LATERAL (SELECT x.home_practice_id, x.connection_id FROM practice_connections x
                   WHERE x.practice_id = e.practice_id AND x.target = e.target OFFSET 0) pc ON true
LEFT JOIN LATERAL (SELECT x.closed_reason FROM connections x
                   WHERE x.home_practice_id = pc.home_practice_id AND x.connection_id = pc.connection_id OFFSET 0) c ON true
LEFT JOIN LATERAL (SELECT x.closed_reason FROM gates x
                   WHERE x.practice_id = e.practice_id AND x.connection_id = e.connection_id OFFSET 0) g ON true
ORDER BY e.practice_id, e.effect_id;

-- name: entry_exists
SELECT 1 FROM entries WHERE practice_id = :practice_id AND effect_id = :effect_id;

-- name: dead_records
SELECT practice_id, topic, topic_id, part, off, effect_id, redrives, stage, reason, field,
    headers ->> 'dl-fault' AS fault, source, event_id, target, ambiguous, attempts, first_failed_at, last_failed_at, octet_length(value) AS size
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

-- name: dead_called
-- Open records by the id of their event, as letters name them.
SELECT DISTINCT topic, part, off FROM dead_letters
WHERE event_id = :event_id AND settled_at IS NULL AND stands_by_itself(stage, reason)
  AND (:practice_id::text IS NULL OR practice_id = :practice_id)
ORDER BY topic, part, off LIMIT :most;

-- name: notice_of
SELECT cause, opened_at FROM notices
WHERE closed_at IS NULL AND (:practice_id::text IS NULL OR practice_id = :practice_id);
