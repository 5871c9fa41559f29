-- name: entries
-- The newest entries of one trail before a number, `looked_at` of them at most, and of those what was asked for. `last`
-- is the lowest number that was looked at.
WITH looked AS (
    SELECT a.n, a.at, a.actor, a.action, a.subject, a.why, a.before, a.after
    FROM audit_trail.actions a
    WHERE a.practice_id = :trail AND a.n < :before::bigint
    ORDER BY a.n DESC LIMIT :looked_at
)
SELECT l.n, l.at, l.actor, l.action, l.subject, l.why, l.before, l.after, (SELECT min(n) FROM looked) AS last
FROM looked l
WHERE (:action::text = '' OR l.action = :action)
  AND (:actor::text = '' OR strpos(lower(l.actor), lower(:actor)) > 0)
  AND (:about::text = '' OR l.subject = :about OR l.after -> 'ids' ? :about)
  AND (:since::timestamptz IS NULL OR l.at >= :since::timestamptz)
  AND (:until::timestamptz IS NULL OR l.at < :until::timestamptz)
ORDER BY l.n DESC LIMIT :most;

-- name: reached
-- How far a look back that found nothing has come; null at the beginning of the trail.
SELECT min(n) AS last FROM (
    SELECT a.n FROM audit_trail.actions a
    WHERE a.practice_id = :trail AND a.n < :before::bigint
    ORDER BY a.n DESC LIMIT :looked_at) l;
