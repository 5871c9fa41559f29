-- What people did at the practice's own system, as far as a read shows it.

-- Entries of ours that were looked at there because the mirror gave reason to, or because only a read of their own can show
-- it. STANDS and UNREAD are looked at again; GONE and CHANGED are open until they are put right, or a person accepts them.
CREATE TABLE entry_changes (
    practice_id text NOT NULL REFERENCES practices,
    effect_id   bigint NOT NULL,
    state       text NOT NULL CHECK (state IN ('STANDS', 'UNREAD', 'GONE', 'CHANGED')),
    found_at    timestamptz,
    looked_at   timestamptz NOT NULL,
    ended_at    timestamptz,
    ended_as    text CHECK (ended_as IN ('PUT_RIGHT', 'ACCEPTED')),
    ended_by    text,
    why         text,
    PRIMARY KEY (practice_id, effect_id)
) WITH (fillfactor = 80);
CREATE INDEX entry_changes_open ON entry_changes (practice_id, effect_id)
    WHERE ended_at IS NULL AND state IN ('GONE', 'CHANGED');

-- What staff typed in themselves: the same patient, day and amount as a payment that is about to be posted.
CREATE INDEX mirror_entries_typed_in ON mirror_entries (practice_id, pms_patient_id, entry_date, amount_minor)
    WHERE NOT ours AND gone_at IS NULL;

-- Entries that were held because of such a payment: whoever has one posted afterwards knows of it.
CREATE TABLE typed_in_holds (
    practice_id text NOT NULL REFERENCES practices,
    effect_id   bigint NOT NULL,
    held_at     timestamptz NOT NULL,
    PRIMARY KEY (practice_id, effect_id)
);
