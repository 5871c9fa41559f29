-- What people look for: a week of their own calendar, what was entered on a day, one patient's payments.
ALTER TABLE practices ADD COLUMN week_starts text NOT NULL DEFAULT 'SUNDAY'
    CHECK (week_starts IN ('SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'));
CREATE INDEX outcomes_ended ON outcomes (practice_id, changed_at);
CREATE INDEX entries_of_patient ON entries (practice_id, patient_ref, effect_id) WHERE patient_ref IS NOT NULL;
