-- Money is one, whichever system tells it: one platform's payment, refund and payout services report under different
-- sources. Ids are unique per practice, so an event finds its payment by practice and id.

-- What two systems had told until now became two payments. The one that was stored first stands; the other keeps its
-- entries, as they are, and is found beside it. Nothing is posted or taken back by this.
WITH told AS (
    SELECT practice_id, source, event_id,
        first_value(event_id) OVER (PARTITION BY practice_id, subject, kind, version
                                    ORDER BY received_at, appended_at, off, source, event_id) AS first_id,
        row_number() OVER (PARTITION BY practice_id, subject, kind, version
                           ORDER BY received_at, appended_at, off, source, event_id) AS n
    FROM events WHERE superseded_by IS NULL
)
UPDATE events e SET superseded_by = t.first_id, redecide_at = NULL,
    concerns = CASE WHEN e.kind IN ('payment', 'payout') THEN e.subject ELSE e.concerns END,
    reason = CASE WHEN e.waiting IS NULL THEN e.reason ELSE 'BOOKED_ELSEWHERE' END,
    waiting = NULL, resolved_at = coalesce(e.resolved_at, now())
FROM told t
WHERE t.n > 1 AND t.practice_id = e.practice_id AND t.source = e.source AND t.event_id = e.event_id;

DROP INDEX events_money;
CREATE UNIQUE INDEX events_money ON events (practice_id, subject, kind, version) WHERE superseded_by IS NULL;
DROP INDEX events_superseded;
CREATE INDEX events_superseded ON events (practice_id, subject) WHERE superseded_by IS NOT NULL;
DROP INDEX events_concerning;
CREATE INDEX events_concerning ON events (practice_id, concerns) WHERE concerns IS NOT NULL;
DROP INDEX events_parked;
CREATE INDEX events_parked ON events (practice_id, concerns) WHERE waiting = 'AWAITING_ORIGINAL';

DELETE FROM payout_items i USING events e
WHERE e.practice_id = i.practice_id AND e.source = i.source AND e.subject = i.payout_id AND e.kind = 'payout'
  AND e.version = i.version AND e.superseded_by IS NOT NULL;
ALTER TABLE payout_items DROP CONSTRAINT payout_items_pkey;
ALTER TABLE payout_items ADD PRIMARY KEY (practice_id, payment_id, payout_id, version, number);

DELETE FROM disputes d USING disputes o
WHERE o.practice_id = d.practice_id AND o.dispute_id = d.dispute_id
  AND (o.opened_at, o.source) < (d.opened_at, d.source);
ALTER TABLE disputes DROP CONSTRAINT disputes_pkey;
ALTER TABLE disputes ADD PRIMARY KEY (practice_id, dispute_id);

-- Records that told stored money again under another event: the same, or with other facts.
CREATE TABLE told_again (
    practice_id text NOT NULL,
    topic_id    text NOT NULL,
    part        integer NOT NULL,
    off         bigint NOT NULL,
    source      text NOT NULL,
    event_id    text NOT NULL,
    of_source   text NOT NULL,
    of_event_id text NOT NULL,
    verdict     text NOT NULL,
    differences json NOT NULL DEFAULT '[]',
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (practice_id, topic_id, part, off),
    FOREIGN KEY (practice_id, of_source, of_event_id) REFERENCES events
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);
CREATE INDEX told_again_named ON told_again (practice_id, event_id);
CREATE INDEX told_again_of ON told_again (practice_id, of_source, of_event_id);
