-- Whether references may be linked by themselves where the rules are sure; and who saw that a link is right, and of whom:
-- keyed prints of the name and the birth date that the practice's system had then, to see when they become others.
ALTER TABLE practices ADD COLUMN auto_link boolean NOT NULL DEFAULT false;
ALTER TABLE patient_links
    ADD COLUMN verified_at timestamptz,
    ADD COLUMN verified_by text,
    ADD COLUMN name_print  bigint,
    ADD COLUMN date_print  bigint;
