-- name: read_secret
SELECT secret, secret_version FROM connections
WHERE home_practice_id = :home_practice_id AND connection_id = :connection_id;

-- name: lock_renewal
-- Ends with its transaction, so a killed worker leaves none behind. Not the row's own lock: posters write leases there
-- while a token is being renewed. Two connections with one hash merely wait for each other.
SELECT pg_advisory_xact_lock(
    hashtextextended('renewal' || chr(31) || :home_practice_id || chr(31) || :connection_id, 0));

-- name: save_secret
-- Only over the version that was read: a person may have given new secrets meanwhile.
UPDATE connections SET secret = :secret, secret_until = :secret_until, secret_version = secret_version + 1
WHERE home_practice_id = :home_practice_id AND connection_id = :connection_id AND secret_version = :version
RETURNING secret, secret_version;
