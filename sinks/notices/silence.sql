-- name: take_up!
-- Targets that practices use and that are not looked at yet, a page at a time. One that is taken away meanwhile is waited
-- for, and left out.
INSERT INTO upstream_silence (practice_id, target)
SELECT c.practice_id, c.target
FROM (SELECT practice_id, target FROM practice_connections
      WHERE (practice_id, target) > (:after_practice::text, :after_target::text)
      ORDER BY practice_id, target LIMIT :most) page
JOIN practice_connections c ON c.practice_id = page.practice_id AND c.target = page.target
WHERE NOT EXISTS (SELECT FROM upstream_silence s WHERE s.practice_id = c.practice_id AND s.target = c.target)
FOR KEY SHARE OF c
ON CONFLICT DO NOTHING;

-- name: page_end
SELECT practice_id, target FROM practice_connections
WHERE (practice_id, target) > (:after_practice::text, :after_target::text)
ORDER BY practice_id, target OFFSET :most - 1 LIMIT 1;

-- name: due
-- Which targets are to be looked at now, with the last report of what would be posted there and the practice's office.
-- Locked until the transaction ends; those that another notifier looks at are passed over.
SELECT s.practice_id, s.target, s.usual, s.learned_at, s.silent_since, s.stated_at, v.zone, v.business_days, v.holidays,
    coalesce(v.posts, false) AS posts,
    CASE s.target WHEN 'PMS'
        THEN (SELECT e.occurred_at FROM events e
              WHERE e.practice_id = s.practice_id AND e.occurred_at <= business_now(:now)
                AND e.kind NOT IN ('payout', 'payout_failed') AND e.source <> 'writeback'
              ORDER BY e.occurred_at DESC LIMIT 1)
        ELSE (SELECT e.occurred_at FROM events e
              WHERE e.practice_id = s.practice_id AND e.occurred_at <= business_now(:now)
                AND e.kind IN ('payout', 'payout_failed')
              ORDER BY e.occurred_at DESC LIMIT 1) END AS last_at
FROM (SELECT * FROM upstream_silence WHERE look_at <= business_now(:now) ORDER BY look_at LIMIT :most
      FOR UPDATE SKIP LOCKED) s
LEFT JOIN LATERAL (
    SELECT x.body ->> 'zone' AS zone, x.body -> 'business_days' AS business_days, x.body -> 'holidays' AS holidays,
        master_is_on(x.body) AS posts
    FROM settings x WHERE x.practice_id = s.practice_id ORDER BY x.version DESC LIMIT 1) v ON true;

-- name: payments_reported
-- When something was reported that would be posted at the PMS: one instant for each step, from index entry to entry.
WITH RECURSIVE reported(at) AS (
    (SELECT occurred_at FROM events
     WHERE practice_id = :practice_id AND occurred_at >= :since AND occurred_at <= :until
       AND kind NOT IN ('payout', 'payout_failed') AND source <> 'writeback'
     ORDER BY occurred_at LIMIT 1)
    UNION ALL
    SELECT (SELECT e.occurred_at FROM events e
            WHERE e.practice_id = :practice_id AND e.occurred_at >= r.at + :step::interval AND e.occurred_at <= :until
              AND e.kind NOT IN ('payout', 'payout_failed') AND e.source <> 'writeback'
            ORDER BY e.occurred_at LIMIT 1)
    FROM reported r WHERE r.at IS NOT NULL
)
SELECT at FROM reported WHERE at IS NOT NULL;

-- name: payouts_reported
WITH RECURSIVE reported(at) AS (
    (SELECT occurred_at FROM events
     WHERE practice_id = :practice_id AND occurred_at >= :since AND occurred_at <= :until
       AND kind IN ('payout', 'payout_failed')
     ORDER BY occurred_at LIMIT 1)
    UNION ALL
    SELECT (SELECT e.occurred_at FROM events e
            WHERE e.practice_id = :practice_id AND e.occurred_at >= r.at + :step::interval AND e.occurred_at <= :until
              AND e.kind IN ('payout', 'payout_failed')
            ORDER BY e.occurred_at LIMIT 1)
    FROM reported r WHERE r.at IS NOT NULL
)
SELECT at FROM reported WHERE at IS NOT NULL;

-- name: looked!
UPDATE upstream_silence SET usual = :usual, learned_at = :learned_at, silent_since = :silent_since,
    stated_at = :stated_at, look_at = :look_at
WHERE practice_id = :practice_id AND target = :target;

-- name: silent_lately
SELECT count(*)::int FROM upstream_silence WHERE silent_since > business_now(:now) - :lately::interval;
