-- name: intake_positions
SELECT t.topic, o.part, o.next_offset FROM intake_offsets o
LEFT JOIN topic_partitions t USING (topic_id) ORDER BY t.topic, o.part;

-- name: outbox_depth
SELECT topic, count(*)::int AS rows, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS oldest_s FROM outbox
GROUP BY topic ORDER BY topic;

-- name: oldest_due_gates
SELECT g.practice_id, g.connection_id, g.next_due_at AS due_at,
    extract(epoch FROM business_now(:now) - g.next_due_at)::float8 AS due_for_s,
    g.owner IS NOT NULL AND g.lease_until > now() AS claimed, g.closed_reason, g.not_before > now() AS held_back
FROM gates g WHERE g.next_due_at <= business_now(:now)
ORDER BY g.next_due_at LIMIT :most;

-- name: closed_connections
-- What is closed or down, and how much waits behind it: no entry of it has failed (law 22).
WITH closed AS (
    SELECT pc.practice_id, pc.target, pc.connection_id, coalesce(c.closed_reason, g.closed_reason) AS reason,
        coalesce(c.closed_at, g.closed_at) AS since
    FROM (
        SELECT u.practice_id, u.connection_id FROM connections x
        JOIN practice_connections u USING (home_practice_id, connection_id) WHERE x.closed_reason IS NOT NULL
        UNION
        SELECT x.practice_id, x.connection_id FROM gates x WHERE x.closed_reason IS NOT NULL) k
    JOIN practice_connections pc ON pc.practice_id = k.practice_id AND pc.connection_id = k.connection_id
    JOIN connections c ON c.home_practice_id = pc.home_practice_id AND c.connection_id = pc.connection_id
    LEFT JOIN gates g ON g.practice_id = pc.practice_id AND g.connection_id = pc.connection_id
    WHERE (:practice_id::text IS NULL OR k.practice_id = :practice_id)
    ORDER BY since, pc.practice_id LIMIT :most
)
SELECT c.practice_id, c.target, c.reason, c.since, count(e.effect_id)::int AS entries,
    coalesce(sum(e.amount_minor), 0)::bigint AS amount_minor, min(e.currency) AS currency
FROM closed c LEFT JOIN open_effects e ON e.practice_id = c.practice_id AND e.target = c.target
    AND e.connection_id = c.connection_id AND is_in_lane(e.state)
GROUP BY c.practice_id, c.target, c.reason, c.since ORDER BY c.since, c.practice_id;

-- name: standing_dead
-- Entries and records that a person has to look at, as `dlq list` shows them.
SELECT practice_id, count(*) FILTER (WHERE entry)::int AS entries, count(*) FILTER (WHERE NOT entry)::int AS records,
    min(since) AS since
FROM (
    SELECT practice_id, true AS entry, changed_at AS since FROM work
    WHERE is_dead(state)
    UNION ALL
    SELECT practice_id, false, first_failed_at FROM dead_letters
    WHERE settled_at IS NULL AND stands_by_itself(stage, reason)
) d
WHERE :practice_id::text IS NULL OR practice_id = :practice_id
GROUP BY practice_id ORDER BY min(since), practice_id LIMIT :most;

-- name: unposted_by_age
-- What is neither posted nor otherwise final, by how long ago the payment happened: of `looked_at` entries at most.
SELECT e.target, e.currency,
    CASE WHEN age < interval '1 hour' THEN '<1 h' WHEN age < interval '1 day' THEN '<1 d'
         WHEN age < interval '3 days' THEN '<3 d' ELSE 'older' END AS age,
    count(*)::int AS entries, sum(e.amount_minor)::bigint AS amount_minor
FROM (SELECT practice_id, effect_id FROM work
      WHERE (:practice_id::text IS NULL OR practice_id = :practice_id) LIMIT :looked_at) w
CROSS JOIN LATERAL (SELECT x.target, x.currency, x.amount_minor, x.source, x.event_id FROM entries x
                    WHERE x.practice_id = w.practice_id AND x.effect_id = w.effect_id OFFSET 0) e
CROSS JOIN LATERAL (SELECT business_now(:now) - v.occurred_at AS age FROM events v
                    WHERE v.practice_id = w.practice_id AND v.source = e.source AND v.event_id = e.event_id OFFSET 0) a
GROUP BY 1, 2, 3 ORDER BY 1, 2, min(age);

-- name: waiting_for_people
-- Of `looked_at` entries and as many events at most, the first by practice.
SELECT w.practice_id, e.target, w.state, count(*)::int AS count, min(w.changed_at) AS since
FROM (SELECT practice_id, effect_id, state, changed_at FROM work
      WHERE waits_for_people(state) AND (:practice_id::text IS NULL OR practice_id = :practice_id)
      ORDER BY practice_id, effect_id LIMIT :looked_at) w
CROSS JOIN LATERAL (SELECT x.target FROM entries x
                    WHERE x.practice_id = w.practice_id AND x.effect_id = w.effect_id OFFSET 0) e
GROUP BY w.practice_id, e.target, w.state
UNION ALL
SELECT practice_id, NULL, waiting, count(*)::int, min(received_at)
FROM (SELECT practice_id, waiting, received_at FROM events
      WHERE waiting IS NOT NULL AND (:practice_id::text IS NULL OR practice_id = :practice_id)
      ORDER BY practice_id LIMIT :looked_at) v
GROUP BY practice_id, waiting
ORDER BY 1, 2, 3;

-- name: open_counts
SELECT (SELECT count(*)::int FROM notices WHERE closed_at IS NULL) AS notices_open,
    (SELECT count(*)::int FROM notices n WHERE n.closed_at IS NULL AND NOT EXISTS (
         SELECT FROM deliveries d WHERE d.practice_id = n.practice_id AND d.cause = n.cause AND d.opened_at = n.opened_at
           AND (may_have_arrived(d.state) OR delivery_under_way(d.state)) OFFSET 0)) AS notices_unread,
    (SELECT count(*)::int FROM deliveries WHERE delivery_under_way(state)) AS mails_due,
    (SELECT count(*)::int FROM deliveries WHERE state = 'FAILED' AND code <> 'OVERTAKEN') AS mails_failed;
