-- What the checks before the mark kept back (law 8). Rows travel as one JSON parameter; `:now` is business time.

-- name: lock_practices
SELECT practice_id FROM practices WHERE practice_id = ANY(:practice_ids::text[]) ORDER BY practice_id FOR NO KEY UPDATE;

-- name: after_locks
SELECT coalesce(:now::timestamptz, clock_timestamp()) AS at;

-- name: hold
-- Under the practices' locks, in a later statement (law 8): what a check before the mark kept back, where the reason for
-- it still holds. What waits keeps the decision's reason, beside the one that a closed period gives; what is dead has
-- its own, and the settings that it was checked against are still in force.
WITH i AS (
    SELECT * FROM json_to_recordset(:items::json)
        AS i(p text, c text, home text, n bigint, from_state text, to_state text, reason text, version int, dead boolean,
             held boolean, read boolean, ends boolean)
)
UPDATE work x
SET state = i.to_state, changed_at = business_now(:now),
    reason = coalesce(i.reason, x.reason),
    planned_reason = CASE WHEN i.reason IS NULL THEN x.planned_reason ELSE coalesce(x.planned_reason, x.reason) END,
    holds = CASE WHEN i.held THEN array_append(x.holds, i.to_state) ELSE x.holds END,
    failing_since = CASE WHEN i.dead THEN coalesce(x.failing_since, business_now(:now)) ELSE x.failing_since END
FROM i JOIN entries e ON e.practice_id = i.p AND e.effect_id = i.n
WHERE x.practice_id = i.p AND x.effect_id = i.n AND NOT i.ends AND is_ready(x.state) AND NOT x.look_first
  AND CASE
      WHEN i.reason = 'PATIENT_RECORD_CHANGED' THEN x.state = i.from_state AND EXISTS (SELECT FROM patient_links l
          JOIN mirror_patients m ON m.practice_id = l.practice_id AND m.pms_patient_id = l.pms_patient_id
          WHERE l.practice_id = x.practice_id AND l.patient_ref = x.patient_ref
            AND m.name_print <> l.name_print AND m.date_print <> l.date_print)
      WHEN i.read THEN x.state = i.from_state
      WHEN i.dead OR i.to_state = 'AWAITING_MANUAL_POST' THEN (NOT i.dead OR x.state = i.from_state)
          AND i.version IS NOT DISTINCT FROM (SELECT v.version FROM settings_in_force(i.p, business_now(:now)) v)
      WHEN i.to_state = 'AWAITING_LINK' THEN NOT EXISTS (SELECT FROM patient_links l
          WHERE l.practice_id = x.practice_id AND l.patient_ref = x.patient_ref)
      WHEN i.reason = 'CONNECTION_REPLACED' THEN NOT EXISTS (SELECT FROM practice_connections u
              JOIN connections c ON c.home_practice_id = u.home_practice_id AND c.connection_id = u.connection_id
              WHERE u.practice_id = i.p AND u.connection_id = i.c AND u.home_practice_id = i.home AND c.enabled)
          OR EXISTS (SELECT FROM effects o WHERE o.practice_id = i.p AND o.effect_id = x.depends_on
              AND sent_elsewhere(i.p, i.c, coalesce(o.sent_at, o.posted_at)))
      ELSE NOT EXISTS (SELECT FROM practices p WHERE p.practice_id = i.p AND p.entitled_at IS NOT NULL)
          OR e.target = 'PMS' AND e.entry_kind <> 'note'
          AND NOT coalesce((SELECT master_is_on(v.body) FROM settings_in_force(i.p, business_now(:now)) v), false)
      END
RETURNING x.practice_id, x.effect_id;

-- name: remember_typed_in!
-- After `hold`, in its transaction: whoever has one of these posted knows of the other payment, so it is held once.
INSERT INTO typed_in_holds (practice_id, effect_id, held_at)
SELECT w.practice_id, w.effect_id, business_now(:now)
FROM json_to_recordset(:items::json) AS i(p text, n bigint, reason text)
JOIN work w ON w.practice_id = i.p AND w.effect_id = i.n
WHERE i.reason = 'PROBABLY_TYPED_IN' AND w.state = 'AWAITING_REVIEW' AND w.reason = i.reason
ON CONFLICT DO NOTHING;

-- name: put_off!
-- Under the practices' locks: what carries a date to come is due when that day begins (T-6). Nothing of it was sent.
UPDATE work x SET due_at = i.until, changed_at = business_now(:now)
FROM json_to_recordset(:items::json) AS i(p text, n bigint, until timestamptz)
WHERE x.practice_id = i.p AND x.effect_id = i.n AND is_ready(x.state) AND NOT x.look_first AND x.due_at < i.until;

-- name: end
-- What a check found to be nothing to write: finished without a call, where nothing of it was sent.
WITH i AS (
    SELECT * FROM json_to_recordset(:items::json) AS i(p text, c text, n bigint, from_state text, to_state text, reason text,
        ends boolean)
), gone AS (
    DELETE FROM work x USING i
    WHERE x.practice_id = i.p AND x.effect_id = i.n AND i.ends AND x.state = i.from_state AND is_ready(x.state)
      AND NOT x.look_first
    RETURNING x.*, i.to_state, i.reason AS new_reason
)
INSERT INTO outcomes (practice_id, effect_id, n, was, state, reason, planned_reason, holds, connection_id, due_at,
    ledger_date, generation, request_id, payload, payload_digest, placement, epoch, sent_at, settle_until, look_first,
    attempts, failing_since, last_code, redrives, changed_at)
SELECT practice_id, effect_id, n, state, to_state, coalesce(new_reason, reason), planned_reason, holds, connection_id,
    due_at, ledger_date, generation, request_id, payload, payload_digest, placement, epoch, sent_at, settle_until,
    look_first, attempts, failing_since, last_code, redrives, business_now(:now)
FROM gone
RETURNING practice_id, effect_id;
