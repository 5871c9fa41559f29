-- name: opened
-- Entries that our own check blocked, by the settings in force when it did, and that those in force now would let pass or
-- treat otherwise (T-9).
SELECT e.effect_id
FROM effects e
CROSS JOIN LATERAL (
    SELECT (s.body ->> 'ledger_closed_through')::date AS closed_through FROM settings s
    WHERE s.practice_id = e.practice_id AND s.effective_from <= e.changed_at
    ORDER BY s.effective_from DESC LIMIT 1) was
CROSS JOIN LATERAL (
    SELECT (s.body ->> 'ledger_closed_through')::date AS closed_through,
           coalesce(s.body ->> 'closed_period', 'HOLD') AS policy
    FROM settings s
    WHERE s.practice_id = e.practice_id AND s.effective_from <= coalesce(:now::timestamptz, now())
    ORDER BY s.effective_from DESC LIMIT 1) today
WHERE e.practice_id = :practice_id AND e.state = 'BLOCKED_PERIOD' AND e.target = 'PMS'
  AND e.ledger_date <= was.closed_through
  AND (today.closed_through IS NULL OR e.ledger_date > today.closed_through OR today.policy <> 'HOLD')
ORDER BY e.effect_id;
