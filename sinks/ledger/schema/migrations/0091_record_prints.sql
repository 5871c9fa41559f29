-- Keyed prints of the name and the birth date that a patient's record has, as SYNC read it last: beside those of a link they
-- tell that the number may be somebody else's now. Null: not read by this release yet; of the date, that there is none.
ALTER TABLE mirror_patients
    ADD COLUMN name_print bigint,
    ADD COLUMN date_print bigint;
