-- name: redecide_waiting!
-- Every waiting event of the practice that has settings by now is decided anew soon.
UPDATE events e SET redecide_at = business_now(:now)
WHERE e.practice_id = :practice_id AND e.waiting = 'AWAITING_SETTINGS'
  AND EXISTS (SELECT FROM settings s WHERE s.practice_id = e.practice_id
              AND s.effective_from <= least(e.occurred_at, e.appended_at));

-- name: mark_applied!
UPDATE settings SET applied_at = business_now(:now)
WHERE practice_id = :practice_id AND applied_at IS NULL AND effective_from <= business_now(:now);

-- name: add_version!
INSERT INTO settings (practice_id, version, effective_from, body, saved_at, saved_by, reason, own)
VALUES (:practice_id, :version, :effective_from, :body::jsonb, :saved_at, :saved_by, :reason, :own);

-- name: histories
SELECT practice_id, version, effective_from, saved_at, saved_by, reason, body AS settings
FROM settings WHERE practice_id = ANY(:practice_ids::text[]) ORDER BY practice_id, version;

-- name: switch_versions
-- What INTAKE needs of the versions of some practices.
SELECT practice_id, version, effective_from, coalesce(master_is_on(body), false) AS master
FROM settings WHERE practice_id = ANY(:practice_ids::text[]) ORDER BY practice_id, version;

-- name: newest_version
SELECT version, effective_from, body AS settings, own FROM settings
WHERE practice_id = :practice_id ORDER BY version DESC LIMIT 1;

-- name: pms_connection
-- What the practice's PMS connection can do, which system the practice says it has, and whether anything ever reported
-- cleared funds (T-13): by two indexes, however many payments are stored.
SELECT c.connection_id IS NOT NULL AS connected, c.capabilities AS words, p.system,
       EXISTS (SELECT FROM payout_items i WHERE i.practice_id = p.practice_id) OR EXISTS (
    SELECT FROM events e WHERE e.practice_id = p.practice_id AND e.concerns IS NOT NULL AND e.kind = 'cleared') AS clearance_seen
FROM practices p
LEFT JOIN practice_connections u ON u.practice_id = p.practice_id AND u.target = 'PMS'
LEFT JOIN connections c ON c.home_practice_id = u.home_practice_id AND c.connection_id = u.connection_id
WHERE p.practice_id = :practice_id;
