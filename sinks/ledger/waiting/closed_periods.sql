-- name: opened
-- Entries that our own check blocked, by the settings in force when it did, and that those in force now would let pass or
-- treat otherwise (T-9).
SELECT e.effect_id
FROM open_effects e
CROSS JOIN LATERAL (
    SELECT (s.body ->> 'ledger_closed_through')::date AS closed_through
    FROM settings_in_force(e.practice_id, e.changed_at) s) was
CROSS JOIN LATERAL (
    SELECT (s.body ->> 'ledger_closed_through')::date AS closed_through,
           coalesce(s.body ->> 'closed_period', 'HOLD') AS policy,
           (business_now(:now) AT TIME ZONE coalesce(s.body ->> 'zone', 'UTC'))::date AS day
    FROM settings_in_force(e.practice_id, business_now(:now)) s) today
WHERE e.practice_id = :practice_id AND e.state = 'BLOCKED_PERIOD' AND e.target = 'PMS'
  AND e.ledger_date <= was.closed_through
  AND (today.closed_through IS NULL OR e.ledger_date > today.closed_through OR today.policy = 'MANUAL'
       OR (today.policy = 'POST_TODAY' AND today.day > today.closed_through))
ORDER BY e.effect_id;

-- name: days_opened
-- A page of the practices with entries that are blocked, and whether some waited for a day that is open: they post
-- today's date, and today was closed too (T-9). Blocked by our own check, as in `opened`.
SELECT p.practice_id, (
    SELECT true
    FROM work e
    CROSS JOIN LATERAL (
        SELECT (s.body ->> 'ledger_closed_through')::date AS closed_through
        FROM settings_in_force(e.practice_id, e.changed_at) s) was
    CROSS JOIN LATERAL (
        SELECT (s.body ->> 'ledger_closed_through')::date AS closed_through, s.body ->> 'closed_period' AS policy,
               (business_now(:now) AT TIME ZONE coalesce(s.body ->> 'zone', 'UTC'))::date AS day
        FROM settings_in_force(e.practice_id, business_now(:now)) s) today
    WHERE e.practice_id = p.practice_id AND e.state = 'BLOCKED_PERIOD' AND e.reason = 'PERIOD_CLOSED'
      AND today.policy = 'POST_TODAY' AND today.day > today.closed_through
      AND e.ledger_date <= least(was.closed_through, today.closed_through)
      AND (SELECT x.target FROM entries x WHERE x.practice_id = e.practice_id AND x.effect_id = e.effect_id) = 'PMS'
    LIMIT 1) IS NOT NULL AS found
FROM (SELECT DISTINCT practice_id FROM work WHERE state = 'BLOCKED_PERIOD' AND practice_id > :after
      ORDER BY practice_id LIMIT :most) p
ORDER BY p.practice_id;
