-- name: readiness
SELECT p.entitled_at, p.entitled_by, p.golive_at, p.golive_account, (
    SELECT c.account_fingerprint FROM practice_connections u JOIN connections c USING (home_practice_id, connection_id)
    WHERE u.practice_id = p.practice_id AND u.target = 'PMS') AS connected_account
FROM practices p WHERE p.practice_id = :practice_id;

-- name: entitle!
UPDATE practices SET entitled_at = :at::timestamptz, entitled_by = :actor WHERE practice_id = :practice_id;

-- name: passed_golive!
UPDATE practices SET golive_at = :at, golive_account = :account WHERE practice_id = :practice_id;
