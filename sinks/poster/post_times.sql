-- name: post_times
-- Of entries that were just posted, each by its key. One that a person ended since is left out.
SELECT e.target, o.reason,
    greatest(extract(epoch FROM o.posted_at - v.occurred_at), 0)::float8 AS since_processed_s,
    greatest(extract(epoch FROM o.posted_at - v.received_at), 0)::float8 AS since_received_s
FROM unnest(:practice_ids::text[], :effect_ids::bigint[]) AS k(practice_id, effect_id)
JOIN entries e ON e.practice_id = k.practice_id AND e.effect_id = k.effect_id
CROSS JOIN LATERAL (SELECT x.state, x.reason, x.posted_at FROM outcomes x
                    WHERE x.practice_id = k.practice_id AND x.effect_id = k.effect_id ORDER BY x.n DESC LIMIT 1) o
JOIN events v ON v.practice_id = e.practice_id AND v.source = e.source AND v.event_id = e.event_id
WHERE o.state = 'POSTED';
