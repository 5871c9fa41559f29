-- name: take
-- Rows of one batch, locked until its transaction ends: a second relay takes others, and a frozen one gives them back
-- when the server ends its transaction. Whatever stands here is unpublished or unconfirmed; there is no watermark.
WITH locked AS (
    SELECT practice_id, id, enqueued, coalesce(octet_length(value), 0) AS bytes
    FROM outbox
    WHERE topic <> ALL(:without::text[]) AND id <> ALL(:set_aside::uuid[])
    ORDER BY enqueued LIMIT :most FOR UPDATE SKIP LOCKED
), sized AS (
    SELECT practice_id, id, sum(bytes) OVER (ORDER BY enqueued) - bytes AS before FROM locked
)
SELECT o.practice_id, o.id, o.topic, o.key, o.value, o.headers, o.part
FROM sized s JOIN outbox o USING (practice_id, id)
WHERE s.before < :most_bytes
ORDER BY o.enqueued;

-- name: delete!
DELETE FROM outbox o USING unnest(:practice_ids::text[], :ids::uuid[]) AS k(p, i)
WHERE o.practice_id = k.p AND o.id = k.i;

-- name: traces_of
-- The contexts of those events that are traced; each by its key.
SELECT e.practice_id, e.source, e.event_id, e.traceparent
FROM unnest(:practice_ids::text[], :sources::text[], :event_ids::text[]) AS k(p, s, i)
JOIN events e ON e.practice_id = k.p AND e.source = k.s AND e.event_id = k.i
WHERE e.traceparent IS NOT NULL;

-- name: backlog
SELECT count(*) AS rows, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS oldest_s FROM outbox;

-- name: begin_republish
-- One row a day, whoever comes first: a restart neither skips nor repeats the nightly republish.
INSERT INTO settings_republished (day, republished_at)
SELECT (now() AT TIME ZONE 'UTC')::date, now()
WHERE extract(hour FROM now() AT TIME ZONE 'UTC') >= :from_hour
ON CONFLICT (day) DO NOTHING RETURNING day;

-- name: republish_all!
INSERT INTO outbox (practice_id, id, topic, key, headers)
SELECT practice_id, gen_random_uuid(), :settings_topic, convert_to(practice_id, 'UTF8'), '[]'
FROM (SELECT DISTINCT practice_id FROM settings) s ORDER BY practice_id;
