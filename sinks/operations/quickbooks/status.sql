-- name: status
SELECT c.base_url, c.config, c.enabled, c.secret, c.home_practice_id, c.connection_id,
    coalesce(c.closed_reason, g.closed_reason) AS closed_reason, c.changed_at
FROM practice_connections p JOIN connections c USING (home_practice_id, connection_id)
LEFT JOIN gates g ON g.practice_id = p.practice_id AND g.connection_id = p.connection_id
WHERE p.practice_id = :practice_id AND p.target = 'QUICKBOOKS';

-- name: waiting
-- Documents that are not in the books yet, by state; `work` holds what is unfinished alone.
SELECT w.state, count(*)::int AS entries, sum(e.amount_minor)::bigint AS amount_minor, min(e.currency) AS currency
FROM work w JOIN entries e ON e.practice_id = w.practice_id AND e.effect_id = w.effect_id
WHERE w.practice_id = :practice_id AND w.connection_id = :connection_id
GROUP BY w.state ORDER BY w.state;
