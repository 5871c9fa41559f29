-- People who use the program, and what each may do where. Nobody is deleted: the audit trail names them.
CREATE TABLE users (
    name        text PRIMARY KEY,
    full_name   text,
    email       text,
    added_at    timestamptz NOT NULL,
    added_by    text NOT NULL,
    disabled_at timestamptz,
    disabled_by text,
    CHECK ((disabled_at IS NULL) = (disabled_by IS NULL))
);

-- Both empty: at every practice. A group: at all its practices, as they are when somebody asks.
CREATE TABLE user_grants (
    name            text NOT NULL REFERENCES users,
    role            text NOT NULL,
    practice_id     text NOT NULL DEFAULT '',
    organisation_id text NOT NULL DEFAULT '',
    granted_at      timestamptz NOT NULL,
    granted_by      text NOT NULL,
    PRIMARY KEY (name, role, practice_id, organisation_id),
    CHECK (practice_id = '' OR organisation_id = '')
);
CREATE INDEX user_grants_at ON user_grants (practice_id, name);
