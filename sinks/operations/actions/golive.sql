-- name: latest_check
-- The newest check at this account, its steps in the order of their work.
SELECT check_no, step AS name, connection_id, pms_patient_id, entry_kind, request_id, instruction, state, attempts, sent_at,
       settle_until <= now() AS settled, external_id
FROM golive_checks
WHERE practice_id = :practice_id AND account_fingerprint = :account AND check_no = (
    SELECT max(check_no) FROM golive_checks WHERE practice_id = :practice_id AND account_fingerprint = :account)
ORDER BY step;

-- name: next_check
SELECT coalesce(max(check_no), 0) + 1 AS check_no FROM golive_checks
WHERE practice_id = :practice_id;

-- name: left_elsewhere
-- Entries of a check that ended in the middle at another account: nobody but a person finds them now.
SELECT request_id FROM golive_checks c
WHERE practice_id = :practice_id AND account_fingerprint <> :account AND state <> 'PLANNED' AND EXISTS (
    SELECT FROM golive_checks o WHERE o.practice_id = c.practice_id AND o.check_no = c.check_no AND o.state <> 'FOUND')
ORDER BY check_no, step;

-- name: drop_unsent!
-- Nothing of it left this machine: another patient may be chosen.
DELETE FROM golive_checks WHERE practice_id = :practice_id AND check_no = :check_no AND NOT EXISTS (
    SELECT FROM golive_checks o
    WHERE o.practice_id = :practice_id AND o.check_no = :check_no AND o.state <> 'PLANNED');

-- name: add_step!
INSERT INTO golive_checks (practice_id, check_no, step, connection_id, account_fingerprint, pms_patient_id, entry_kind,
    request_id, instruction, began_at, began_by)
VALUES (:practice_id, :check_no, :step, :connection_id, :account, :pms_patient_id, :entry_kind, :request_id,
    :instruction, business_now(:now), :actor);

-- name: mark
-- Committed before the first byte (law 16); one of two processes gets the row.
UPDATE golive_checks SET state = 'SENT', attempts = attempts + 1, sent_at = clock_timestamp(), settle_until = clock_timestamp() + :settle, code = NULL
WHERE practice_id = :practice_id AND check_no = :check_no AND step = :step AND state = 'PLANNED'
RETURNING attempts, sent_at;

-- name: not_written!
-- A proven no, of this attempt alone: a later one is not undone by an older answer (law 20).
UPDATE golive_checks SET state = 'PLANNED', code = :code
WHERE practice_id = :practice_id AND check_no = :check_no AND step = :step AND state = 'SENT' AND attempts = :attempt;

-- name: found!
-- Positive proof is taken from any attempt.
UPDATE golive_checks SET state = 'FOUND', external_id = :external_id, found_at = now(), code = NULL
WHERE practice_id = :practice_id AND check_no = :check_no AND step = :step;
