-- name: standing
-- The connection that a practice uses for a target, locked: somebody is about to change it.
SELECT c.home_practice_id, c.connection_id, c.route, c.base_url, c.config, c.account_fingerprint
FROM practice_connections p JOIN connections c USING (home_practice_id, connection_id)
WHERE p.practice_id = :practice_id AND p.target = :target
FOR NO KEY UPDATE OF c;

-- name: stored
SELECT c.home_practice_id, c.connection_id, c.route, c.base_url, c.config, c.secret, c.account_fingerprint
FROM practice_connections p JOIN connections c USING (home_practice_id, connection_id)
WHERE p.practice_id = :practice_id AND p.target = :target;

-- name: owner_of_account
SELECT home_practice_id FROM connections WHERE account_fingerprint = :fingerprint;

-- name: in_doubt
-- Also what was sent once and is to be looked for before it is sent again, or once more (laws 4 and 20).
SELECT (SELECT count(*) FROM effects
        WHERE practice_id = :practice_id AND connection_id = :connection_id AND second_look_at IS NOT NULL)
     + count(*) FROM effects
WHERE practice_id = :practice_id AND connection_id = :connection_id
  AND is_in_lane(state)
  AND (NOT is_ready(state) OR (look_first AND sent_at IS NOT NULL));

-- name: add!
INSERT INTO connections (home_practice_id, connection_id, target, route, base_url, account_fingerprint, config,
    secret, secret_version, capabilities, added_by)
VALUES (:practice_id, :connection_id, :target, :route, :base_url, :fingerprint, :config, :secret, 1, :capabilities,
    :actor);

-- name: use!
INSERT INTO practice_connections (practice_id, target, home_practice_id, connection_id)
VALUES (:practice_id, :target, :practice_id, :connection_id);

-- name: change!
-- A null secret keeps the stored one. `changed_at` tells posters to open the connection anew; a renewed token does not.
UPDATE connections SET base_url = :base_url, account_fingerprint = :fingerprint, config = :config,
    capabilities = :capabilities, secret = coalesce(:secret::bytea, secret),
    secret_version = secret_version + (:secret::bytea IS NOT NULL)::int,
    enabled = true, not_before = 'epoch', breaker = NULL, closed_reason = NULL, closed_at = NULL, changed_at = now()
WHERE home_practice_id = :practice_id AND connection_id = :connection_id;

-- name: moved!
-- Another account from now on; before the first of these rows it was the one that stands there until now.
INSERT INTO connection_accounts (home_practice_id, connection_id, since, account_fingerprint)
SELECT c.home_practice_id, c.connection_id, k.since, k.account
FROM connections c
CROSS JOIN LATERAL (VALUES ('epoch'::timestamptz, c.account_fingerprint), (now(), :fingerprint)) AS k(since, account)
WHERE c.home_practice_id = :practice_id AND c.connection_id = :connection_id
ON CONFLICT DO NOTHING;

-- name: same_books!
-- Other keys to the same books: they always were these.
UPDATE connection_accounts a SET account_fingerprint = :fingerprint
FROM connections c
WHERE c.home_practice_id = :practice_id AND c.connection_id = :connection_id
  AND a.home_practice_id = c.home_practice_id AND a.connection_id = c.connection_id
  AND a.account_fingerprint = c.account_fingerprint;

-- name: fence_connection!
-- Another account: whoever holds the connection now still posts to the old one.
UPDATE connections SET epoch = epoch + 1, owner = NULL, lease_until = 'epoch'
WHERE home_practice_id = :practice_id AND connection_id = :connection_id;

-- name: fence_gate!
UPDATE gates SET epoch = epoch + 1, owner = NULL, lease_until = 'epoch'
WHERE practice_id = :practice_id AND connection_id = :connection_id;

-- name: open_gate!
UPDATE gates SET not_before = 'epoch', breaker = NULL, closed_reason = NULL, closed_at = NULL
WHERE practice_id = :practice_id AND connection_id = :connection_id;

-- name: listed
SELECT p.practice_id, p.target, c.connection_id, c.route, c.base_url, c.enabled,
    coalesce(c.closed_reason, g.closed_reason), c.changed_at
FROM practice_connections p JOIN connections c USING (home_practice_id, connection_id)
LEFT JOIN gates g ON g.practice_id = p.practice_id AND g.connection_id = p.connection_id
WHERE :practice_id::text IS NULL OR p.practice_id = :practice_id
ORDER BY p.practice_id, p.target;

-- name: frozen_ones
SELECT effect_id, source, event_id, target, entry_kind, part, generation, connection_id FROM effects
WHERE practice_id = :practice_id AND connection_id = :connection_id AND is_ready(state)
  AND payload IS NOT NULL
ORDER BY effect_id FOR NO KEY UPDATE;

-- name: compose_anew!
UPDATE effects e SET generation = r.generation, request_id = r.request_id, payload = NULL, payload_digest = NULL
FROM unnest(:effect_ids::bigint[], :generations::integer[], :request_ids::text[])
    AS r(effect_id, generation, request_id)
WHERE e.practice_id = :practice_id AND e.effect_id = r.effect_id AND is_ready(e.state);

-- name: dead_ones
-- But for a doubt of another account: nothing that is read in this one would settle it (P-15).
SELECT effect_id, source, event_id, target, entry_kind, part, generation, connection_id FROM effects
WHERE practice_id = :practice_id AND state = ANY(:states::text[])
  AND (:connection_id::text IS NULL OR connection_id = :connection_id)
  AND (:effect_ids::bigint[] IS NULL OR effect_id = ANY(:effect_ids::bigint[]))
  AND NOT (state = 'DEAD_LETTERED' AND is_unsettled(reason)
           AND sent_elsewhere(practice_id, connection_id, sent_at))
ORDER BY effect_id FOR NO KEY UPDATE;

-- name: release!
-- The budget of tries begins anew only where it was spent, so that the rows of `attempts` keep their numbers. The last
-- request stays until the next mark: it says at which patient the read-back has to look, wherever the link points now;
-- but not one for a patient whom the target does not have, where every read would be refused.
UPDATE effects e SET state = 'SCHEDULED', generation = r.generation, request_id = r.request_id,
    payload = CASE e.reason WHEN 'PATIENT_NOT_FOUND' THEN NULL ELSE e.payload END,
    reason = coalesce(e.planned_reason, e.reason), planned_reason = NULL,
    look_first = (e.look_first OR e.sent_at IS NOT NULL), due_at = business_now(:now),
    failing_since = NULL,
    attempts = CASE e.state WHEN 'DEAD_LETTERED' THEN 0 ELSE e.attempts END,
    redrives = e.redrives + 1, changed_at = business_now(:now)
FROM unnest(:effect_ids::bigint[], :generations::integer[], :request_ids::text[])
    AS r(effect_id, generation, request_id)
WHERE e.practice_id = :practice_id AND e.effect_id = r.effect_id AND e.state = ANY(:states::text[]);

-- name: settle_letters!
UPDATE dead_letters SET settled_at = business_now(:now), settled_as = 'RELEASED', settled_by = :actor
WHERE practice_id = :practice_id AND effect_id = ANY(:effect_ids::bigint[]) AND settled_at IS NULL;

-- name: untold
-- Connections of an earlier release, which did not keep what they can write.
SELECT home_practice_id, connection_id, route, base_url, config FROM connections
WHERE capabilities IS NULL ORDER BY home_practice_id, connection_id;

-- name: tell!
-- Only for the mapping that was read.
UPDATE connections SET capabilities = :capabilities
WHERE home_practice_id = :home AND connection_id = :connection_id AND config = :config::jsonb AND capabilities IS NULL;
