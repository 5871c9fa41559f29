-- Payments that are in no payout: up to which of its entries each practice has been looked through, and when next.
CREATE TABLE payout_watch (
    practice_id     text PRIMARY KEY,
    first_payout_at timestamptz NOT NULL,
    looked_through  bigint NOT NULL DEFAULT 0,
    next_look_at    timestamptz NOT NULL
);
CREATE INDEX payout_watch_next ON payout_watch (next_look_at);
INSERT INTO payout_watch (practice_id, first_payout_at, looked_through, next_look_at)
SELECT e.practice_id, min(e.occurred_at), (SELECT p.seq FROM practices p WHERE p.practice_id = e.practice_id), now()
FROM events e WHERE e.kind = 'payout' AND e.waiting IS NULL GROUP BY e.practice_id;
