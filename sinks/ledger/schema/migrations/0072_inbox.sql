-- The first message of a notice to the same recipient: later ones stand under it.
ALTER TABLE deliveries ADD COLUMN thread text;

-- What a practice reads in the product itself: every message of its notices and digests, whoever else was told.
CREATE TABLE inbox (
    practice_id text NOT NULL,
    cause       text NOT NULL,
    opened_at   timestamptz NOT NULL,
    step        text NOT NULL,
    written_at  timestamptz NOT NULL,
    subject     text NOT NULL,
    body        text NOT NULL,
    PRIMARY KEY (practice_id, cause, opened_at, step),
    FOREIGN KEY (practice_id, cause, opened_at) REFERENCES notices ON DELETE CASCADE
);
CREATE INDEX inbox_newest ON inbox (practice_id, written_at);
