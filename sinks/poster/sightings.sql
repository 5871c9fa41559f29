-- What reads saw of entries at their target (law 19). `:now` is business time.

-- name: of_effect
SELECT s.external_id, s.possible, coalesce(s.redrives < w.redrives, false) AS redriven_since
FROM sightings s LEFT JOIN work w ON w.practice_id = s.practice_id AND w.effect_id = s.effect_id
WHERE s.practice_id = :practice_id AND s.effect_id = :effect_id
ORDER BY s.external_id;

-- name: keep!
-- The first sighting counts; what is known to be the entry stays so.
WITH i AS (
    SELECT DISTINCT ON (p, n, id) * FROM json_to_recordset(:items::json) AS i(p text, n bigint, id text, possible boolean)
    ORDER BY p, n, id, possible
)
INSERT INTO sightings AS s (practice_id, effect_id, external_id, possible, redrives, seen_at)
SELECT i.p, i.n, i.id, i.possible, w.redrives, business_now(:now)
FROM i JOIN work w ON w.practice_id = i.p AND w.effect_id = i.n
ORDER BY i.p, i.n, i.id
ON CONFLICT (practice_id, effect_id, external_id) DO UPDATE SET possible = s.possible AND EXCLUDED.possible;
