-- Who has a slot of a role: an equal slot fences the older process, which looks here and ends (law 13).
CREATE TABLE role_slots (
    role  text NOT NULL,
    slot  int NOT NULL,
    epoch bigint NOT NULL,
    owner text NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (role, slot)
);

-- Roles that refused to go on; the operator is notified of the newest stop of each.
CREATE TABLE role_stops (
    role       text NOT NULL,
    slot       int NOT NULL,
    reason     text NOT NULL,
    stopped_at timestamptz NOT NULL,
    PRIMARY KEY (role, slot)
);
