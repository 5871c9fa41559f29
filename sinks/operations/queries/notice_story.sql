-- name: notice_by_reference
SELECT n.practice_id, n.cause, n.opened_at, n.told_at, n.closed_at, n.items, n.acknowledged_by,
    (SELECT c.route FROM practice_connections pc JOIN connections c USING (home_practice_id, connection_id)
     WHERE pc.practice_id = n.practice_id AND pc.target = n.target) AS route
FROM notices n WHERE n.reference = :reference
ORDER BY n.opened_at DESC LIMIT 1;

-- name: told_by
SELECT step, channel, recipient, state, nullif(code, '') AS code, written_at, sent_at FROM deliveries
WHERE practice_id = :practice_id AND cause = :cause AND opened_at = :opened_at
ORDER BY written_at, step, recipient LIMIT 200;
