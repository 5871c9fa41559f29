-- name: in_pms
-- What the practice's own system has with these dates, as it was last read, of the kinds that move money.
SELECT kind, ours, count(*)::int AS entries, sum(amount_minor)::bigint AS amount_minor FROM mirror_entries
WHERE practice_id = :practice_id AND entry_date BETWEEN :from_day::date AND :to_day::date AND gone_at IS NULL
GROUP BY 1, 2 ORDER BY 1, 2;

-- name: found
-- Entries of the stretch that this program posted there, beside what was last read of each.
SELECT CASE WHEN m.external_id IS NULL THEN 'NOT_READ' WHEN m.gone_at IS NOT NULL THEN 'GONE'
            WHEN m.amount_minor <> f.amount_minor THEN 'CHANGED' ELSE 'SAME' END AS found,
       count(*)::int AS entries, sum(f.amount_minor)::bigint AS posted_minor,
       coalesce(sum(m.amount_minor) FILTER (WHERE m.gone_at IS NULL), 0)::bigint AS there_minor
FROM events v
CROSS JOIN LATERAL (SELECT * FROM effects x WHERE x.practice_id = v.practice_id AND x.source = v.source
    AND x.event_id = v.event_id AND x.target = 'PMS' AND x.state = 'POSTED' OFFSET 0) f
LEFT JOIN mirror_entries m ON m.practice_id = v.practice_id AND m.external_id = f.external_id
WHERE v.practice_id = :practice_id AND v.occurred_at >= :from_at AND v.occurred_at < :until_at
  AND moves_money(f.entry_kind)
GROUP BY 1 ORDER BY 1;

-- name: read_at
SELECT read_at FROM mirror_practices WHERE practice_id = :practice_id;

-- name: newest
-- The last signature of each of these days.
SELECT DISTINCT ON (day) day, signed_by, signed_at, why, complete, figures::text AS figures FROM day_signoffs
WHERE practice_id = :practice_id AND day BETWEEN :from_day::date AND :to_day::date ORDER BY day, n DESC;

-- name: sign!
INSERT INTO day_signoffs (practice_id, day, n, figures, complete, signed_at, signed_by, why)
SELECT :practice_id, :day, coalesce(max(n), 0) + 1, :figures::jsonb, :complete, :at, :actor, :why
FROM day_signoffs WHERE practice_id = :practice_id AND day = :day;
