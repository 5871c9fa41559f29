-- What a connection can write (`sinks.targets.port.Capabilities.words`), so that INTAKE plans nothing else. Null: an older row,
-- which writes payments, fee adjustments and payouts.
ALTER TABLE connections ADD COLUMN capabilities text[];

-- Where an entry goes at its target, from one stored balance read (law 18): set once, under the practice's lock, before
-- the first mark. Parts that the expansion added have theirs from the start.
ALTER TABLE effects ADD COLUMN placement jsonb;

-- The read before a posting is an attempt of its own phase; what it found stays with it (ALL-1).
ALTER TABLE attempts DROP CONSTRAINT attempts_phase_check;
ALTER TABLE attempts ADD CONSTRAINT attempts_phase_check CHECK (phase IN ('post', 'readback', 'balance'));
ALTER TABLE attempts ADD COLUMN reading jsonb;

-- A membership's charge has its own payment: charges of ours are left out when a patient's open charges are read (B-1).
CREATE INDEX effects_charges ON effects (practice_id, patient_ref) WHERE entry_kind = 'charge';

-- Allocation is a setting of the practice now (SET-11), no longer a field of the mapping: a stored one is refused.
UPDATE connections SET config = config - 'allocation' WHERE route = 'open_dental';
