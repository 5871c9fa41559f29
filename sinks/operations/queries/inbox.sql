-- name: inbox
-- The messages of the notices that were written last, the newest notice first, each with its messages in their order.
SELECT i.cause, i.opened_at, i.step, i.written_at, i.subject, i.body, n.reference, n.closed_at, n.acknowledged_by
FROM (SELECT cause, opened_at, max(written_at) AS last_at FROM inbox
      WHERE practice_id = :practice_id
        AND (:every OR EXISTS (SELECT FROM notices o WHERE o.practice_id = :practice_id AND o.cause = inbox.cause
                               AND o.opened_at = inbox.opened_at
                               AND (o.closed_at IS NULL OR o.told_at > business_now(:now) - :recent::interval)))
      GROUP BY cause, opened_at ORDER BY last_at DESC, cause LIMIT :most) l
JOIN inbox i ON i.practice_id = :practice_id AND i.cause = l.cause AND i.opened_at = l.opened_at
JOIN notices n ON n.practice_id = :practice_id AND n.cause = l.cause AND n.opened_at = l.opened_at
ORDER BY l.last_at DESC, i.cause, i.opened_at, i.written_at, i.step;
