-- A dispute that is opened again under its id, and an outcome that a later one replaces (R-18): which came last is a
-- question of when they happened, not of when they were reported.
ALTER TABLE disputes
    ADD COLUMN taken_at        timestamptz,
    ADD COLUMN ended_at        timestamptz,
    ADD COLUMN outcome_version integer;
UPDATE disputes SET taken_at = opened_at, ended_at = closed_at,
    outcome_version = CASE WHEN outcome IS NOT NULL THEN 1 END;
