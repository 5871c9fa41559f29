-- name: ask!
INSERT INTO mirror_practices (practice_id, due_at, full_wanted) VALUES (:practice_id, business_now(:now), :full)
ON CONFLICT (practice_id) DO UPDATE
SET due_at = business_now(:now), full_wanted = mirror_practices.full_wanted OR EXCLUDED.full_wanted;

-- name: practices
-- Those that are read, in the order of their ids.
SELECT m.practice_id, p.sync_every AS every, c.route, c.config, m.due_at, m.round_at, m.read_at, m.result, m.code, m.failures
FROM mirror_practices m
JOIN practices p ON p.practice_id = m.practice_id
LEFT JOIN practice_connections u ON u.practice_id = m.practice_id AND u.target = 'PMS'
LEFT JOIN connections c ON c.home_practice_id = u.home_practice_id AND c.connection_id = u.connection_id
WHERE m.practice_id > :after AND (:practice_id::text IS NULL OR m.practice_id = :practice_id::text)
ORDER BY m.practice_id LIMIT :most;

-- name: kinds
SELECT practice_id, kind, read_at, whole_at, rows, skipped, tried_at, result, code, run_began_at, run_rows
FROM mirror_reads WHERE practice_id = ANY(:practice_ids::text[]) ORDER BY practice_id, kind;
