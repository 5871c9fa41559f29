-- The reference that a letter prints: by it, what the letter was about is found again.
ALTER TABLE notices ADD COLUMN reference text;
CREATE INDEX notices_by_reference ON notices (reference) WHERE reference IS NOT NULL;
