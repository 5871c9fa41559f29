-- What a read saw of an entry at its target: kept, and read again by id, because people can edit everything that a search
-- looks for (law 19). `possible`: without a marker of ours, so it may be somebody else's; what a person has seen when the
-- entry is redriven (a lower count than the entry's) is not.
CREATE TABLE sightings (
    practice_id text NOT NULL,
    effect_id   bigint NOT NULL,
    external_id text NOT NULL,
    possible    boolean NOT NULL,
    redrives    integer NOT NULL,
    seen_at     timestamptz NOT NULL,
    PRIMARY KEY (practice_id, effect_id, external_id)
);

-- Before an entry is taken back, the one that it takes back is read (R-20).
ALTER TABLE attempts DROP CONSTRAINT attempts_phase_check;
ALTER TABLE attempts ADD CONSTRAINT attempts_phase_check CHECK (phase IN ('post', 'readback', 'balance', 'origin'));
