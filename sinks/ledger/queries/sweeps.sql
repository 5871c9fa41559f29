-- name: links_missed
-- Expected: none (law 8). The link and the intake lock the same practice, so neither can miss the other.
SELECT DISTINCT e.practice_id FROM effects e
JOIN patient_links l ON l.practice_id = e.practice_id AND l.patient_ref = e.patient_ref
WHERE e.state = 'AWAITING_LINK' LIMIT :most;

-- name: pauses_missed
-- Expected: none. Whoever switches the master on resumes what it paused, and who saves a connection what waited for it.
SELECT DISTINCT e.practice_id FROM effects e
CROSS JOIN LATERAL (SELECT master_is_on(s.body) AS master
    FROM settings s
    WHERE s.practice_id = e.practice_id AND s.effective_from <= business_now(:now)
      AND s.applied_at IS NOT NULL
    ORDER BY s.version DESC LIMIT 1) current
WHERE e.state = 'PAUSED' AND current.master AND (e.reason <> 'CONNECTION_REPLACED' OR EXISTS (
    SELECT FROM practice_connections u JOIN connections c USING (home_practice_id, connection_id)
    WHERE u.practice_id = e.practice_id AND u.connection_id = e.connection_id AND c.enabled)
  AND NOT EXISTS (SELECT FROM effects o WHERE o.practice_id = e.practice_id AND o.effect_id = e.depends_on
      AND o.state = 'POSTED' AND sent_elsewhere(e.practice_id, e.connection_id, coalesce(o.sent_at, o.posted_at))))
LIMIT :most;

-- name: versions_begun
-- Versions that were saved ahead and start now: ordinary work, no repair.
SELECT DISTINCT practice_id FROM settings
WHERE applied_at IS NULL AND effective_from <= business_now(:now) LIMIT :most;

-- name: redecisions_due
SELECT e.practice_id, e.source, e.event_id FROM events e
WHERE e.redecide_at <= business_now(:now)
ORDER BY e.redecide_at LIMIT :most;

-- name: redecisions_locked
SELECT e.practice_id, e.source, e.event_id, e.occurred_at, e.appended_at, e.event_type, e.topic_id, e.part, e.off,
       e.redecisions, b.original_key, b.original
FROM unnest(:practice_ids::text[], :sources::text[], :event_ids::text[]) AS k(p, s, i)
JOIN events e ON e.practice_id = k.p AND e.source = k.s AND e.event_id = k.i
JOIN bodies b ON b.practice_id = e.practice_id AND b.month = e.month AND b.source = e.source AND b.event_id = e.event_id
WHERE e.waiting = 'AWAITING_SETTINGS' AND e.redecide_at <= business_now(:now)
ORDER BY e.practice_id, e.source, e.event_id FOR NO KEY UPDATE OF e;

-- name: redecided!
UPDATE events e SET redecisions = e.redecisions + 1,
    redecide_at = business_now(:now)
        + least(:first::interval * power(2, least(e.redecisions, 20)), :cap::interval)
FROM unnest(:practice_ids::text[], :sources::text[], :event_ids::text[]) AS k(p, s, i)
WHERE e.practice_id = k.p AND e.source = k.s AND e.event_id = k.i AND e.waiting = 'AWAITING_SETTINGS';

-- name: not_redecidable!
UPDATE events e SET redecide_at = NULL
FROM unnest(:practice_ids::text[], :sources::text[], :event_ids::text[]) AS k(p, s, i)
WHERE e.practice_id = k.p AND e.source = k.s AND e.event_id = k.i;

-- name: settings_missed
-- Expected: none. Events that wait for settings which the practice has, and that nobody will ask about.
SELECT DISTINCT e.practice_id FROM events e
WHERE e.waiting = 'AWAITING_SETTINGS' AND e.redecide_at IS NULL
  AND EXISTS (SELECT FROM settings s WHERE s.practice_id = e.practice_id
              AND s.effective_from <= least(e.occurred_at, e.appended_at))
LIMIT :most;
