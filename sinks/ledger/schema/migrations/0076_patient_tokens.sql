-- Patients are found by keyed tokens of what is sealed: names, birth dates, telephones, addresses (H-13). The key is not in
-- the database. `tokens_by` names the key and the rules that made them; 0: none were made yet.
ALTER TABLE mirror_patients
    ADD COLUMN tokens    bigint[],
    ADD COLUMN tokens_by integer NOT NULL DEFAULT 0;
ALTER TABLE patient_identities
    ADD COLUMN tokens    bigint[],
    ADD COLUMN tokens_by integer NOT NULL DEFAULT 0;
-- A practice's key is its own, so a token names its practice too. Without a list of pending rows a search costs the same
-- however many were just read.
CREATE INDEX mirror_patients_tokens ON mirror_patients USING gin (tokens) WITH (fastupdate = off);
CREATE INDEX patient_identities_tokens ON patient_identities USING gin (tokens) WITH (fastupdate = off);
CREATE INDEX mirror_patients_tokens_by ON mirror_patients (tokens_by);
CREATE INDEX patient_identities_tokens_by ON patient_identities (tokens_by);
