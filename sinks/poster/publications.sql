-- What dead letters need of the ledger.

-- name: originals
-- What a dead letter carries: the source's own bytes and place.
SELECT e.practice_id, e.effect_id, n.topic_id, n.part AS partition, n.off, n.appended_at, n.event_type, n.trace_id,
       b.original_key, b.original, coalesce(e.failing_since, e.changed_at) AS failing_since, e.redrives
FROM effects e
JOIN events n ON n.practice_id = e.practice_id AND n.source = e.source AND n.event_id = e.event_id
LEFT JOIN bodies b ON b.practice_id = n.practice_id AND b.month = n.month AND b.source = n.source
    AND b.event_id = n.event_id
WHERE (e.practice_id, e.effect_id) IN (SELECT * FROM unnest(:practice_ids::text[], :effect_ids::bigint[]));
