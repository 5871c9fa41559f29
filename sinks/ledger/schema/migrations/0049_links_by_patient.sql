-- Who is one patient at the target under several references: a balance read counts what all of them pay.
CREATE INDEX patient_links_by_patient ON patient_links (practice_id, pms_patient_id);
