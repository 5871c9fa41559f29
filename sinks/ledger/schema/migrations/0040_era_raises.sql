-- Each time that the ledger's era was raised (law 4): what showed it, and how many open entries were to be read back first.
-- The operator is told once of each.
CREATE TABLE era_raises (
    era       int PRIMARY KEY,
    raised_at timestamptz NOT NULL,
    proofs    text[] NOT NULL,
    entries   bigint NOT NULL
);
