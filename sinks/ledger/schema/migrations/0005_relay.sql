-- The days on which every practice's settings were published again (law 14): one row, one republish.
CREATE TABLE settings_republished (
    day            date PRIMARY KEY,
    republished_at timestamptz NOT NULL
);
