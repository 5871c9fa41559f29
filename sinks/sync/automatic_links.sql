-- Whose references are looked at for a link, and how far that has come. Leases and wishes are the machine's time.

-- name: claim
-- The practice whose last page is longest ago, so that a long one keeps no other waiting. SKIP LOCKED never waits.
UPDATE mirror_practices m
SET links_lease_until = now() + make_interval(secs => :lease_s),
    links_begun_at = CASE WHEN m.links_after = '' THEN m.links_wanted_at ELSE m.links_begun_at END
FROM (SELECT p.practice_id FROM mirror_practices p
      WHERE p.links_wanted_at <= now() AND p.links_lease_until <= now()
      ORDER BY p.links_lease_until, p.links_wanted_at LIMIT 1 FOR UPDATE SKIP LOCKED) d
WHERE m.practice_id = d.practice_id
RETURNING m.practice_id, m.links_after AS after;

-- name: keep_place!
-- After a page. Whoever wanted it again since it was begun has it begun again.
UPDATE mirror_practices SET links_after = :after, links_lease_until = now(),
    links_wanted_at = CASE WHEN :ended AND links_wanted_at = links_begun_at THEN NULL ELSE links_wanted_at END
WHERE practice_id = :practice_id;
