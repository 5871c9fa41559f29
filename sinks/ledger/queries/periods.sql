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
           coalesce(s.body ->> 'closed_period', 'HOLD') AS policy,
           (coalesce(:now::timestamptz, now()) AT TIME ZONE coalesce(s.body ->> 'zone', 'UTC'))::date AS day
    FROM settings s
    WHERE s.practice_id = e.practice_id AND s.effective_from <= coalesce(:now::timestamptz, now())
    ORDER BY s.effective_from DESC LIMIT 1) today
WHERE e.practice_id = :practice_id AND e.state = 'BLOCKED_PERIOD' AND e.target = 'PMS'
  AND e.ledger_date <= was.closed_through
  AND (today.closed_through IS NULL OR e.ledger_date > today.closed_through OR today.policy = 'MANUAL'
       OR (today.policy = 'POST_TODAY' AND today.day > today.closed_through))
ORDER BY e.effect_id;

-- name: days_opened
-- Practices whose entries waited for a day that is open: they post today's date, and today was closed too (T-9). Blocked
-- by our own check, as in `opened`.
SELECT DISTINCT e.practice_id
FROM effects e
CROSS JOIN LATERAL (
    SELECT (s.body ->> 'ledger_closed_through')::date AS closed_through FROM settings s
    WHERE s.practice_id = e.practice_id AND s.effective_from <= e.changed_at
    ORDER BY s.effective_from DESC LIMIT 1) was
CROSS JOIN LATERAL (
    SELECT (s.body ->> 'ledger_closed_through')::date AS closed_through, s.body ->> 'closed_period' AS policy,
           (coalesce(:now::timestamptz, now()) AT TIME ZONE coalesce(s.body ->> 'zone', 'UTC'))::date AS day
    FROM settings s
    WHERE s.practice_id = e.practice_id AND s.effective_from <= coalesce(:now::timestamptz, now())
    ORDER BY s.effective_from DESC LIMIT 1) today
WHERE e.state = 'BLOCKED_PERIOD' AND e.target = 'PMS' AND e.reason = 'PERIOD_CLOSED' AND today.policy = 'POST_TODAY'
  AND e.ledger_date <= least(was.closed_through, today.closed_through) AND today.day > today.closed_through
LIMIT :most;
