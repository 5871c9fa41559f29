-- name: closed_connections
-- What is closed or down, and how much waits behind it: no entry of it has failed (law 22).
WITH closed AS (
    SELECT pc.practice_id, pc.target, pc.connection_id, coalesce(c.closed_reason, g.closed_reason) AS reason,
        coalesce(c.closed_at, g.closed_at) AS since
    FROM practice_connections pc
    JOIN connections c USING (home_practice_id, connection_id)
    LEFT JOIN gates g ON g.practice_id = pc.practice_id AND g.connection_id = pc.connection_id
    WHERE coalesce(c.closed_reason, g.closed_reason) IS NOT NULL
      AND (:practice_id::text IS NULL OR pc.practice_id = :practice_id)
    ORDER BY since, pc.practice_id LIMIT :most
)
SELECT c.practice_id, c.target, c.reason, c.since, count(e.effect_id)::int, coalesce(sum(e.amount_minor), 0)::bigint,
    min(e.currency)
FROM closed c LEFT JOIN effects e ON e.practice_id = c.practice_id AND e.target = c.target
    AND e.connection_id = c.connection_id AND is_in_lane(e.state)
GROUP BY c.practice_id, c.target, c.reason, c.since ORDER BY c.since, c.practice_id;

-- name: standing_dead
-- Entries and records that a person has to look at, as `dlq list` shows them.
SELECT practice_id, count(*) FILTER (WHERE entry)::int, count(*) FILTER (WHERE NOT entry)::int, min(since)
FROM (
    SELECT practice_id, true AS entry, changed_at AS since FROM effects
    WHERE is_dead(state)
    UNION ALL
    SELECT practice_id, false, first_failed_at FROM dead_letters
    WHERE settled_at IS NULL AND stands_by_itself(stage, reason)
) d
WHERE :practice_id::text IS NULL OR practice_id = :practice_id
GROUP BY practice_id ORDER BY min(since), practice_id LIMIT :most;
