-- name: differences
-- Open differences between payouts and what was reported, by practice and kind (P-23). What may only be late is told
-- when it has not come for a while. The lists name the twenty newest.
WITH d AS (
    SELECT x.*, row_number() OVER (PARTITION BY x.practice_id, x.kind ORDER BY x.number DESC) AS place
    FROM payout_differences x
    WHERE x.ended_at IS NULL
      AND (NOT is_unreported(x.kind) OR x.found_at <= business_now(:now) - :late::interval)
)
SELECT d.practice_id, d.kind AS reason, count(*)::int AS count, min(d.found_at) AS oldest_at,
    array_agg(d.number ORDER BY d.place) FILTER (WHERE d.place <= 20) AS numbers,
    array_agg(CASE WHEN d.payout_id = '' THEN '-' ELSE d.payout_id END ORDER BY d.place)
        FILTER (WHERE d.place <= 20) AS payouts,
    array_agg(coalesce(d.other_payout_id, '-') ORDER BY d.place) FILTER (WHERE d.place <= 20) AS others,
    array_agg(d.subject ORDER BY d.place) FILTER (WHERE d.place <= 20) AS subjects,
    array_agg(d.currency ORDER BY d.place) FILTER (WHERE d.place <= 20) AS currencies,
    array_agg(coalesce(d.reported_minor::text, '-') ORDER BY d.place) FILTER (WHERE d.place <= 20) AS reported,
    array_agg(coalesce(d.paid_minor::text, '-') ORDER BY d.place) FILTER (WHERE d.place <= 20) AS paid
FROM d GROUP BY d.practice_id, d.kind;

-- name: news
-- What is told once: while no bank account is mapped by its digits (P-24), and one fee for many payments (N-6).
SELECT n.practice_id, n.kind AS reason, count(*)::int AS count, min(n.first_at) AS oldest_at,
    array_agg(n.subject ORDER BY n.subject) AS subjects
FROM payout_news n
WHERE n.first_at > business_now(:now) - :news_for::interval
  AND (n.kind <> 'ONE_BANK_ACCOUNT' OR EXISTS (SELECT FROM practice_connections p
      JOIN connections c USING (home_practice_id, connection_id)
      WHERE p.practice_id = n.practice_id AND p.target = 'QUICKBOOKS'
        AND coalesce(c.config -> 'banks', '{}') = '{}'::jsonb))
GROUP BY n.practice_id, n.kind;
