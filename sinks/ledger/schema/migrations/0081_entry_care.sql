-- Who sees to an entry, and who keeps it from going out by itself. It decides nothing: the state and its holds do.
CREATE TABLE entry_care (
    practice_id text NOT NULL REFERENCES practices,
    effect_id   bigint NOT NULL,
    assigned_to text,
    assigned_at timestamptz,
    assigned_by text,
    held_at     timestamptz,
    held_by     text,
    held_why    text,
    PRIMARY KEY (practice_id, effect_id),
    CHECK ((held_at IS NULL) = (held_by IS NULL)),
    CHECK ((assigned_to IS NULL) = (assigned_at IS NULL))
);
