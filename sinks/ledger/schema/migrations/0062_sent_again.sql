-- What a person sent again: few entries, looked for before a notice says that its cause is solved.
CREATE INDEX work_redriven ON work (practice_id, state) WHERE redrives > 0;
