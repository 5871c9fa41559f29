-- What the notifier has told: when, how many of those open the practice knows of, and the next step's number.
ALTER TABLE notices
    ADD COLUMN not_before timestamptz NOT NULL DEFAULT 'epoch',
    ADD COLUMN told_at    timestamptz,
    ADD COLUMN shown      integer NOT NULL DEFAULT 0,
    ADD COLUMN steps      integer NOT NULL DEFAULT 0;

-- The text is frozen with the mark, so that a repeat differs in nothing (law 26). It holds fixed words and counts.
ALTER TABLE deliveries
    ADD COLUMN subject    text NOT NULL DEFAULT '',
    ADD COLUMN body       text NOT NULL DEFAULT '',
    ADD COLUMN written_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN repeated   boolean NOT NULL DEFAULT false;
