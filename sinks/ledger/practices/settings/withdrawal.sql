-- name: decided_under
-- Whether any event was decided under this version: one by a clock that is ahead of the ledger's may be.
SELECT EXISTS (SELECT FROM events WHERE practice_id = :practice_id AND settings_version = :version);

-- name: withdraw!
WITH taken AS (
    DELETE FROM settings WHERE practice_id = :practice_id AND version = :version
    RETURNING practice_id, version, effective_from, body, own, saved_at, saved_by, reason
)
INSERT INTO settings_withdrawn (practice_id, version, effective_from, body, own, saved_at, saved_by, reason,
                                withdrawn_at, withdrawn_by, why)
SELECT practice_id, version, effective_from, body, own, saved_at, saved_by, reason, :at, :actor, :why FROM taken;

-- name: withdrawn
SELECT version, effective_from, saved_at, saved_by, reason, body AS settings, withdrawn_at, withdrawn_by, why
FROM settings_withdrawn WHERE practice_id = :practice_id ORDER BY version;

-- name: next_version
-- A number is never used twice: whoever still holds the withdrawn version cannot take the next one for it.
SELECT 1 + coalesce(greatest(
    (SELECT max(version) FROM settings WHERE practice_id = :practice_id),
    (SELECT max(version) FROM settings_withdrawn WHERE practice_id = :practice_id)), 0);
