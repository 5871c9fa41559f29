-- name: insert!
-- Rows in their order; `enqueued` keeps it.
INSERT INTO outbox (practice_id, id, topic, key, value, headers, part)
SELECT p, i, t, k, v, h::jsonb, n
FROM unnest(:practice_ids::text[], :ids::uuid[], :topics::text[], :keys::bytea[], :bodies::bytea[], :headers::text[],
            :parts::int[]) WITH ORDINALITY AS r(p, i, t, k, v, h, n, ord)
ORDER BY ord;

-- name: wake
SELECT pg_notify('writeback_outbox', '');
