-- What the ledger no longer keeps. Bodies and attempts stand in monthly partitions: what is still needed of an old month
-- moves to the current one, page by page, and the rest goes with the partition. Statements are bounded by :page.

-- name: expired_months
SELECT :parent::text AS parent, m.month, m.partition, m.bytes, m.rows FROM months_of(:parent::text) m
WHERE m.month < :before::date ORDER BY m.month;

-- name: needed_bodies
-- A page of one month's bodies, each with whether its payment or payout is still open or was heard of since :since: then
-- a later event of it has to be judged beside this one. What ended since then keeps its story as long.
SELECT b.practice_id, b.source, b.event_id,
       e.waiting IS NOT NULL
       OR EXISTS (SELECT FROM open_effects x WHERE x.practice_id = e.practice_id AND x.source = e.source
                  AND x.event_id = e.event_id)
       OR EXISTS (SELECT FROM events o
                  WHERE o.practice_id = e.practice_id
                    AND o.subject = coalesce(e.concerns, e.subject) AND o.superseded_by IS NULL
                    AND (o.received_at >= :since OR o.waiting IS NOT NULL
                         OR EXISTS (SELECT FROM open_effects x WHERE x.practice_id = o.practice_id AND x.source = o.source
                                    AND x.event_id = o.event_id)))
       OR EXISTS (SELECT FROM events o
                  WHERE o.practice_id = e.practice_id
                    AND o.concerns = coalesce(e.concerns, e.subject)
                    AND (o.received_at >= :since OR o.waiting IS NOT NULL
                         OR EXISTS (SELECT FROM open_effects x WHERE x.practice_id = o.practice_id AND x.source = o.source
                                    AND x.event_id = o.event_id)))
       OR EXISTS (SELECT FROM entries x JOIN outcomes o USING (practice_id, effect_id)
                  WHERE x.practice_id = e.practice_id AND x.source = e.source AND x.event_id = e.event_id
                    AND o.changed_at >= :since) AS needed
FROM (SELECT practice_id, source, event_id FROM bodies
      WHERE month = :month AND (practice_id, source, event_id) > (:practice_id, :source, :event_id)
      ORDER BY practice_id, source, event_id LIMIT :page) b
JOIN events e ON e.practice_id = b.practice_id AND e.source = b.source AND e.event_id = b.event_id
ORDER BY b.practice_id, b.source, b.event_id;

-- name: move_bodies!
-- Under the practice's lock: whoever reads a payment joins its events to their bodies by the month.
WITH k AS (
    SELECT * FROM unnest(:sources::text[], :event_ids::text[]) AS k(s, i)
), e AS (
    UPDATE events e SET month = :to_month FROM k
    WHERE e.practice_id = :practice_id AND e.source = k.s AND e.event_id = k.i AND e.month = :month
    RETURNING e.source, e.event_id
)
UPDATE bodies b SET month = :to_month FROM e
WHERE b.practice_id = :practice_id AND b.month = :month AND b.source = e.source AND b.event_id = e.event_id;

-- name: clear_outcomes!
-- The requests of entries that ended, with the bodies of their events: the largest part of an outcome, and what nobody
-- reads any more. What became of the entry, its proof, and the names and times of its story stay.
UPDATE outcomes o SET payload = NULL, payload_digest = NULL
FROM unnest(:practice_ids::text[], :sources::text[], :event_ids::text[]) AS k(p, s, i)
CROSS JOIN LATERAL (SELECT e.practice_id, e.effect_id FROM entries e
                    WHERE e.practice_id = k.p AND e.source = k.s AND e.event_id = k.i OFFSET 0) e
WHERE o.practice_id = e.practice_id AND o.effect_id = e.effect_id AND o.payload IS NOT NULL
  AND NOT EXISTS (SELECT FROM second_looks l WHERE l.practice_id = o.practice_id AND l.effect_id = o.effect_id);

-- name: needed_attempts
-- Attempts of entries that are not ended; the others' story ends with their last state.
SELECT a.practice_id, a.effect_id, a.n, a.phase, a.epoch, coalesce(NOT is_final(x.state), false) AS needed
FROM (SELECT practice_id, effect_id, n, phase, epoch FROM attempts
      WHERE month = :month AND (practice_id, effect_id, n, phase, epoch)
            > (:practice_id, :effect_id, :n, :phase, :epoch)
      ORDER BY practice_id, effect_id, n, phase, epoch LIMIT :page) a
LEFT JOIN effects x ON x.practice_id = a.practice_id AND x.effect_id = a.effect_id
ORDER BY a.practice_id, a.effect_id, a.n, a.phase, a.epoch;

-- name: move_attempts!
UPDATE attempts a SET month = :to_month
FROM unnest(:practice_ids::text[], :effect_ids::bigint[], :numbers::int[], :phases::text[], :epochs::bigint[])
    AS k(p, f, n, h, e)
WHERE a.month = :month AND a.practice_id = k.p AND a.effect_id = k.f AND a.n = k.n AND a.phase = k.h AND a.epoch = k.e;

-- name: old_notices
-- Closed matters and their letters. Deliveries hang on their notice and go first.
WITH old AS (
    SELECT practice_id, cause, opened_at FROM notices
    WHERE closed_at < :before ORDER BY closed_at LIMIT :page FOR UPDATE SKIP LOCKED
), letters AS (
    DELETE FROM deliveries d USING old o
    WHERE d.practice_id = o.practice_id AND d.cause = o.cause AND d.opened_at = o.opened_at
    RETURNING d.practice_id, d.cause, d.opened_at
)
SELECT o.practice_id, o.cause, o.opened_at, (SELECT count(*) FROM letters) AS letters FROM old o;

-- name: delete_notices!
DELETE FROM notices n
USING unnest(:practice_ids::text[], :causes::text[], :opened_ats::timestamptz[]) AS k(p, c, o)
WHERE n.practice_id = k.p AND n.cause = k.c AND n.opened_at = k.o;

-- name: delete_dead_letters!
-- Settled ones alone: what nobody has decided stays, with its bytes, however old.
DELETE FROM dead_letters d
USING (SELECT ctid AS at FROM dead_letters WHERE settled_at < :before ORDER BY settled_at LIMIT :page) old
WHERE d.ctid = old.at AND d.settled_at < :before;

-- name: count_notices
SELECT count(*) AS n FROM (SELECT FROM notices WHERE closed_at < :before LIMIT :most) x;

-- name: count_dead_letters
SELECT count(*) AS n FROM (SELECT FROM dead_letters WHERE settled_at < :before LIMIT :most) x;

-- name: stray_month
-- A month that has rows in a catch-all table. Business time jumped past the months made ahead, or stood far behind.
SELECT month FROM ((SELECT month FROM bodies_other LIMIT 1) UNION ALL (SELECT month FROM attempts_other LIMIT 1)) stray
LIMIT 1;

-- name: ensure_months
SELECT ensure_months(:first_day::date, :months::int);
