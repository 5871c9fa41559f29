-- name: under_way
-- Whether something that was dead was sent again and has not ended: an entry that is still on its way to its target, or a
-- record that is neither stored nor long enough away to have failed again.
SELECT CASE WHEN :entries THEN
    EXISTS (SELECT FROM work w
            WHERE w.practice_id = :practice_id AND w.redrives > 0 AND is_in_lane(w.state)
              AND (:target::text IS NULL
                   OR EXISTS (SELECT FROM entries e WHERE e.practice_id = w.practice_id AND e.effect_id = w.effect_id
                              AND e.target = :target)))
ELSE
    EXISTS (SELECT FROM dead_letters d
            WHERE d.settled_at > business_now(:now) - :settling::interval AND d.settled_as = 'REPUBLISHED'
              AND d.practice_id = :practice_id AND d.reason = :reason
              AND NOT EXISTS (SELECT FROM events e WHERE e.practice_id = d.practice_id AND e.source = d.source
                              AND e.event_id = d.event_id))
END AS under_way;

-- name: failed_again
-- What is dead although it was sent again, by what it fails of: entries of a target, or records of one reason.
SELECT w.state, w.reason, count(*)::int AS count
FROM work w JOIN entries e ON e.practice_id = w.practice_id AND e.effect_id = w.effect_id
WHERE :entries AND w.practice_id = :practice_id AND w.redrives > 0 AND is_dead(w.state)
  AND (:target::text IS NULL OR e.target = :target)
GROUP BY w.state, w.reason
UNION ALL
SELECT NULL, d.reason, count(*)::int FROM dead_letters d
WHERE NOT :entries AND d.practice_id = :practice_id AND d.reason = :reason AND d.settled_at IS NULL AND d.redrives > 0
  AND stands_by_itself(d.stage, d.reason)
GROUP BY d.reason;
