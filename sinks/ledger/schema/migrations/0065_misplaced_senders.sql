-- Systems whose events stand on another partition than their key's: each is reported once for a topic, and listed here.
CREATE TABLE misplaced_senders (
    source        text NOT NULL,
    topic         text NOT NULL,
    practice_id   text NOT NULL,
    part          integer NOT NULL,
    off           bigint NOT NULL,
    expected_part integer NOT NULL,
    noticed_at    timestamptz NOT NULL,
    PRIMARY KEY (source, topic)
);
