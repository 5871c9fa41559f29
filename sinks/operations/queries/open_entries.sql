-- name: open_entries
-- How many entries of a practice are in each of some states; and the parked events that are decided again soon.
SELECT state, count(*)::int AS count FROM work
WHERE practice_id = :practice_id AND state = ANY(:states::text[]) GROUP BY state
UNION ALL
SELECT :redecided, count(*)::int FROM events
WHERE practice_id = :practice_id AND waiting IS NOT NULL AND redecide_at IS NOT NULL;
