-- Which account a connection reached since when, once it was another: what was sent to the old one is neither looked for
-- nor taken back at the new (law 19, P-15). Machine time, like `sent_at`. No row: the account was always the same.
CREATE TABLE connection_accounts (
    home_practice_id    text NOT NULL,
    connection_id       text NOT NULL,
    since               timestamptz NOT NULL,
    account_fingerprint text NOT NULL,
    PRIMARY KEY (home_practice_id, connection_id, since)
);

CREATE FUNCTION sent_elsewhere(practice text, connection text, at timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $body$
    SELECT coalesce((
        SELECT a.account_fingerprint <> c.account_fingerprint
        FROM practice_connections u
        JOIN connections c ON c.home_practice_id = u.home_practice_id AND c.connection_id = u.connection_id
        JOIN connection_accounts a ON a.home_practice_id = u.home_practice_id AND a.connection_id = u.connection_id
        WHERE u.practice_id = practice AND u.connection_id = connection AND a.since <= at
        ORDER BY a.since DESC LIMIT 1), false)
$body$;
