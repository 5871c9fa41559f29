-- name: lock_connection
-- The connection that a practice uses for a target, locked: somebody is about to change it.
SELECT c.home_practice_id, c.connection_id, c.route, c.base_url, c.config, c.account_fingerprint
FROM practice_connections p JOIN connections c USING (home_practice_id, connection_id)
WHERE p.practice_id = :practice_id AND p.target = :target
FOR NO KEY UPDATE OF c;

-- name: stored_connection
SELECT c.home_practice_id, c.connection_id, c.route, c.base_url, c.config, c.secret
FROM practice_connections p JOIN connections c USING (home_practice_id, connection_id)
WHERE p.practice_id = :practice_id AND p.target = :target;

-- name: stored_fingerprint
SELECT c.account_fingerprint
FROM practice_connections p JOIN connections c USING (home_practice_id, connection_id)
WHERE p.practice_id = :practice_id AND p.target = :target;

-- name: owner_of_account
SELECT home_practice_id FROM connections WHERE account_fingerprint = :fingerprint;

-- name: count_in_doubt
-- Also what was sent once and is to be looked for before it is sent again, or once more (laws 4 and 20).
SELECT (SELECT count(*) FROM second_looks WHERE practice_id = :practice_id AND connection_id = :connection_id)
     + count(*) FROM work
WHERE practice_id = :practice_id AND connection_id = :connection_id
  AND is_in_lane(state)
  AND (NOT is_ready(state) OR (look_first AND sent_at IS NOT NULL));

-- name: add_connection!
INSERT INTO connections (home_practice_id, connection_id, target, route, base_url, account_fingerprint, config,
    secret, secret_version, secret_until, capabilities, added_by)
VALUES (:practice_id, :connection_id, :target, :route, :base_url, :fingerprint, :config, :secret, 1, :secret_until,
    :capabilities, :actor);

-- name: use_connection!
INSERT INTO practice_connections (practice_id, target, home_practice_id, connection_id)
VALUES (:practice_id, :target, :practice_id, :connection_id);

-- name: lock_shared
-- A practice's own connection for a target, which another is to use too, locked.
SELECT c.home_practice_id, c.connection_id, c.route, c.base_url, c.config, c.account_fingerprint
FROM practice_connections p JOIN connections c USING (home_practice_id, connection_id)
WHERE p.practice_id = :home AND p.target = :target AND c.home_practice_id = :home AND c.enabled
FOR NO KEY UPDATE OF c;

-- name: shared_connection
-- The same before anything is locked, as another practice would use it.
SELECT c.connection_id, c.target, c.route, c.base_url, c.account_fingerprint AS fingerprint, c.config, c.capabilities
FROM practice_connections p JOIN connections c USING (home_practice_id, connection_id)
WHERE p.practice_id = :home AND p.target = :target AND c.home_practice_id = :home AND c.enabled;

-- name: share_connection!
INSERT INTO practice_connections (practice_id, target, home_practice_id, connection_id)
VALUES (:practice_id, :target, :home, :connection_id);

-- name: sharers
-- Further practices that use a practice's connection.
SELECT practice_id FROM practice_connections
WHERE home_practice_id = :practice_id AND connection_id = :connection_id AND practice_id <> :practice_id
ORDER BY practice_id LIMIT 100;

-- name: change_connection!
-- A null secret keeps the stored one. `changed_at` tells posters to open the connection anew; a renewed token does not.
UPDATE connections SET base_url = :base_url, account_fingerprint = :fingerprint, config = :config,
    capabilities = :capabilities, secret = coalesce(:secret::bytea, secret),
    secret_until = CASE WHEN :secret::bytea IS NULL THEN secret_until ELSE :secret_until END,
    secret_version = secret_version + (:secret::bytea IS NOT NULL)::int,
    enabled = true, not_before = 'epoch', breaker = NULL, closed_reason = NULL, closed_at = NULL,
    changed_at = clock_timestamp()
WHERE home_practice_id = :practice_id AND connection_id = :connection_id;

-- name: end_access!
-- The access has ended at the vendor, and its secrets are forgotten; mapping, history and what waits stay. A renewal that
-- is under way was made for an earlier version and is not saved.
UPDATE connections SET secret = NULL, secret_until = NULL, secret_version = secret_version + 1, closed_reason = 'NEEDS_RECONNECT',
    closed_at = clock_timestamp(), changed_at = clock_timestamp()
WHERE home_practice_id = :home_practice_id AND connection_id = :connection_id;

-- name: add_account!
-- Another account from now on, by the clock after the locks: whatever was marked while this waited for them was marked for
-- the old one. Before the first of these rows it was the one that stands there until now.
INSERT INTO connection_accounts (home_practice_id, connection_id, since, account_fingerprint)
SELECT c.home_practice_id, c.connection_id, k.since, k.account
FROM connections c
CROSS JOIN LATERAL (VALUES ('epoch'::timestamptz, c.account_fingerprint), (clock_timestamp(), :fingerprint)) AS k(since, account)
WHERE c.home_practice_id = :practice_id AND c.connection_id = :connection_id
ON CONFLICT DO NOTHING;

-- name: rename_account!
-- Other keys to the same account: it always was this one.
UPDATE connection_accounts a SET account_fingerprint = :fingerprint
FROM connections c
WHERE c.home_practice_id = :practice_id AND c.connection_id = :connection_id
  AND a.home_practice_id = c.home_practice_id AND a.connection_id = c.connection_id
  AND a.account_fingerprint = c.account_fingerprint;

-- name: rejoin_account!
-- Keys that were saved as those of another account reach the one before it after all: it always was this one.
UPDATE connection_accounts a SET account_fingerprint = c.account_fingerprint
FROM connections c
WHERE c.home_practice_id = :practice_id AND c.connection_id = :connection_id
  AND a.home_practice_id = c.home_practice_id AND a.connection_id = c.connection_id
  AND a.account_fingerprint = (
      SELECT b.account_fingerprint FROM connection_accounts b
      WHERE b.home_practice_id = c.home_practice_id AND b.connection_id = c.connection_id
        AND b.account_fingerprint <> c.account_fingerprint
      ORDER BY b.since DESC LIMIT 1);

-- name: rename_golive!
-- The go-live check was passed at this account, whatever its keys were called then.
WITH checks AS (
    UPDATE golive_checks SET account_fingerprint = :fingerprint
    WHERE practice_id = :practice_id AND account_fingerprint = :former
)
UPDATE practices SET golive_account = :fingerprint
WHERE practice_id = :practice_id AND golive_account = :former AND :target = 'PMS';

-- name: ever_sent
-- Whether anything of the practice ever left for this connection.
SELECT EXISTS (SELECT FROM work WHERE practice_id = :practice_id AND connection_id = :connection_id
               AND sent_at IS NOT NULL)
    OR EXISTS (SELECT FROM outcomes WHERE practice_id = :practice_id AND connection_id = :connection_id
               AND sent_at IS NOT NULL);

-- name: has_links
SELECT EXISTS (SELECT FROM patient_links WHERE practice_id = :practice_id);

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

-- name: list_connections
SELECT p.practice_id, p.target, c.connection_id, c.route, c.base_url, c.enabled,
    coalesce(c.closed_reason, g.closed_reason) AS closed_reason, c.changed_at
FROM practice_connections p JOIN connections c USING (home_practice_id, connection_id)
LEFT JOIN gates g ON g.practice_id = p.practice_id AND g.connection_id = p.connection_id
WHERE :practice_id::text IS NULL OR p.practice_id = :practice_id
ORDER BY p.practice_id, p.target;

-- name: connections_without_capabilities
-- Connections of an earlier release, which did not keep what they can write.
SELECT home_practice_id, connection_id, route, base_url, config FROM connections
WHERE capabilities IS NULL ORDER BY home_practice_id, connection_id;

-- name: set_capabilities!
-- Only for the mapping that was read.
UPDATE connections SET capabilities = :capabilities
WHERE home_practice_id = :home AND connection_id = :connection_id AND config = :config::jsonb AND capabilities IS NULL;
