-- name: move_positions
-- Compare and set (law 3): a row per partition comes back, or somebody else was ahead.
UPDATE intake_offsets o SET next_offset = k.new, changed_at = now()
FROM unnest(:topic_ids::text[], :parts::int[], :expected::bigint[], :new::bigint[]) AS k(topic_id, part, expected, new)
WHERE o.topic_id = k.topic_id AND o.part = k.part AND o.next_offset = k.expected
RETURNING o.topic_id, o.part;

-- name: set_positions
-- The control of law 3: without comparing.
UPDATE intake_offsets o SET next_offset = k.new, changed_at = now()
FROM unnest(:topic_ids::text[], :parts::int[], :expected::bigint[], :new::bigint[]) AS k(topic_id, part, expected, new)
WHERE o.topic_id = k.topic_id AND o.part = k.part
RETURNING o.topic_id, o.part;

-- name: positions
SELECT part, next_offset FROM intake_offsets WHERE topic_id = :topic_id ORDER BY part;

-- name: add_position!
INSERT INTO intake_offsets (topic_id, part, next_offset) VALUES (:topic_id, :part, :next_offset) ON CONFLICT DO NOTHING;

-- name: topic
SELECT topic_id, partitions FROM topic_partitions WHERE topic = :topic;

-- name: add_topic!
INSERT INTO topic_partitions (topic, topic_id, partitions) VALUES (:topic, :topic_id, :partitions) ON CONFLICT DO NOTHING;

-- name: add_practices!
-- In a transaction of its own, before the locks: an insert under locks could deadlock with another batch.
INSERT INTO practices (practice_id) SELECT unnest(:practice_ids::text[]) ON CONFLICT DO NOTHING;

-- name: lock_practices
SELECT practice_id, seq FROM practices WHERE practice_id = ANY(:practice_ids::text[])
ORDER BY practice_id FOR NO KEY UPDATE;

-- name: read_practices
-- The control of law 8: the same without the lock.
SELECT practice_id, seq FROM practices WHERE practice_id = ANY(:practice_ids::text[]) ORDER BY practice_id;

-- name: advance_sequences!
UPDATE practices p SET seq = k.seq FROM unnest(:practice_ids::text[], :seqs::bigint[]) AS k(practice_id, seq)
WHERE p.practice_id = k.practice_id;

-- name: receipts_of
-- A record whose practice nobody knew has its receipt under `?`.
SELECT r.topic_id, r.part, r.off
FROM unnest(:practice_ids::text[], :topic_ids::text[], :parts::int[], :offs::bigint[]) AS k(p, t, n, o)
CROSS JOIN LATERAL (VALUES (k.p), ('?')) AS w(p)
JOIN receipts r ON r.practice_id = w.p AND r.topic_id = k.t AND r.part = k.n AND r.off = k.o;

-- name: events_of
-- By event identity, and by money identity in any version, whoever told it (law 6).
SELECT e.practice_id, e.source, e.event_id, e.subject, e.kind, e.version, e.event_type, e.digest_v, e.digest,
       e.money_digest, e.waiting, e.superseded_by
FROM unnest(:practice_ids::text[], :sources::text[], :event_ids::text[]) AS k(p, s, i)
JOIN events e ON e.practice_id = k.p AND e.source = k.s AND e.event_id = k.i
UNION
SELECT e.practice_id, e.source, e.event_id, e.subject, e.kind, e.version, e.event_type, e.digest_v, e.digest,
       e.money_digest, e.waiting, e.superseded_by
FROM unnest(:practice_ids::text[], :subjects::text[], :kinds::text[]) AS k(p, j, d)
JOIN events e ON e.practice_id = k.p AND e.subject = k.j AND e.kind = k.d
    AND e.superseded_by IS NULL;

-- name: originals_of
-- The bytes of stored events, for comparing two reports of one money. Rare.
SELECT b.practice_id, b.source, b.event_id, b.original
FROM unnest(:practice_ids::text[], :sources::text[], :event_ids::text[]) AS k(p, s, i)
JOIN events e ON e.practice_id = k.p AND e.source = k.s AND e.event_id = k.i
JOIN bodies b ON b.practice_id = e.practice_id AND b.month = e.month AND b.source = e.source AND b.event_id = e.event_id;

-- name: add_told_again!
INSERT INTO told_again (practice_id, topic_id, part, off, source, event_id, of_source, of_event_id, verdict, differences,
    occurred_at, received_at)
SELECT p, t, n, o, s, i, f, g, v, d::json, c, r FROM unnest(:practice_ids::text[], :topic_ids::text[], :parts::int[],
    :offs::bigint[], :sources::text[], :event_ids::text[], :of_sources::text[], :of_event_ids::text[], :verdicts::text[],
    :differences::text[], :occurred_ats::timestamptz[], :received_ats::timestamptz[])
    AS k(p, t, n, o, s, i, f, g, v, d, c, r)
ON CONFLICT DO NOTHING;

-- name: links_of
SELECT l.practice_id, l.patient_ref
FROM unnest(:practice_ids::text[], :patient_refs::text[]) AS k(p, r)
JOIN patient_links l ON l.practice_id = k.p AND l.patient_ref = k.r;

-- name: connections_of
SELECT p.practice_id, p.target, p.connection_id, c.capabilities
FROM practice_connections p JOIN connections c USING (home_practice_id, connection_id)
WHERE p.practice_id = ANY(:practice_ids::text[]);

-- name: moment
SELECT coalesce(:now::timestamptz, clock_timestamp()) AS now, e.era, e.raised_at
FROM (SELECT) one LEFT JOIN ledger_era e ON true;

-- name: resolve_event!
UPDATE events SET waiting = :waiting, reason = :reason, applied = :applied, settings_version = :settings_version,
    resolved_at = CASE WHEN :resolved THEN :now::timestamptz END, redecide_at = NULL,
    concerns = coalesce(:concerns, concerns), ended_as = :ended_as
WHERE practice_id = :practice_id AND source = :source AND event_id = :event_id AND waiting IS NOT NULL;

-- name: replace_plan!
UPDATE bodies b SET plan = :plan FROM events e
WHERE e.practice_id = :practice_id AND e.source = :source AND e.event_id = :event_id
  AND b.practice_id = e.practice_id AND b.month = e.month AND b.source = e.source AND b.event_id = e.event_id;

-- name: planned_effects
-- The effects of one event.
SELECT e.effect_id FROM entries e WHERE e.practice_id = :practice_id AND e.source = :source AND e.event_id = :event_id;

-- name: supersede!
-- What it waited for concerns it no more: nobody asks for its decision again, and none resolves it.
-- By `concerns` it is still found among what the ledger holds of its payment.
UPDATE events SET superseded_by = :by, waiting = NULL, redecide_at = NULL, concerns = subject,
    reason = CASE WHEN waiting IS NULL THEN reason ELSE 'BOOKED_ELSEWHERE' END, resolved_at = coalesce(resolved_at, :now)
WHERE practice_id = :practice_id AND source = :source AND event_id = :event_id AND superseded_by IS NULL;

-- name: add_dead_letter
-- Answers the practice of a letter that was not there yet, and no row for a repeat.
-- A name that is no practice of ours is `?`, whatever a sender or a header calls it; so it stays for the same record.
INSERT INTO dead_letters (practice_id, topic_id, part, off, effect_id, redrives, topic, stage, reason, field, source,
    event_id, target, ambiguous, attempts, first_failed_at, last_failed_at, headers, key, value, dl_topic_id, dl_part,
    dl_off, stored_at)
SELECT coalesce((SELECT p.practice_id FROM practices p WHERE p.practice_id = :practice_id
        AND NOT EXISTS (SELECT FROM dead_letters x WHERE x.practice_id = '?' AND x.topic_id = :topic_id
            AND x.part = :part AND x.off = :off AND x.effect_id = :effect_id AND x.redrives = :redrives)), '?'),
    :topic_id, :part, :off, :effect_id, :redrives, :topic, :stage, :reason, :field, :source,
    :event_id, :target, :ambiguous, :attempts, :first_failed_at, :last_failed_at, :headers::jsonb, :key, :value,
    :dl_topic_id, :dl_part, :dl_off, business_now(:now)
-- A repeat changes nothing; but an entry that later turns out to stand twice at its target is news of its own.
ON CONFLICT (practice_id, topic_id, part, off, effect_id, redrives) DO UPDATE
SET stage = EXCLUDED.stage, reason = EXCLUDED.reason, headers = EXCLUDED.headers, last_failed_at = EXCLUDED.last_failed_at,
    stored_at = EXCLUDED.stored_at, settled_at = NULL, settled_as = NULL, settled_by = NULL
WHERE EXCLUDED.reason = 'DUPLICATE_AT_TARGET' AND dead_letters.reason <> EXCLUDED.reason
RETURNING practice_id;

-- name: report_misplaced
-- Systems that were not reported yet. A sender may call itself what it likes: so many are reported, and no more.
INSERT INTO misplaced_senders (source, topic, practice_id, part, off, expected_part, noticed_at)
SELECT k.s, k.t, k.p, k.n, k.o, k.x, business_now(:now)
FROM unnest(:sources::text[], :topics::text[], :practice_ids::text[], :parts::int[], :offs::bigint[],
    :expected_parts::int[]) AS k(s, t, p, n, o, x)
WHERE (SELECT count(*) FROM misplaced_senders) < :most
ON CONFLICT DO NOTHING RETURNING source, topic;

-- name: add_receipt!
INSERT INTO receipts (practice_id, topic_id, part, off, verdict, source, event_id)
SELECT coalesce((SELECT p.practice_id FROM practices p WHERE p.practice_id = :practice_id
        AND NOT EXISTS (SELECT FROM receipts x WHERE x.practice_id = '?' AND x.topic_id = :topic_id
            AND x.part = :part AND x.off = :off)), '?'),
    :topic_id, :part, :off, :verdict, :source, :event_id
ON CONFLICT DO NOTHING;

-- name: add_patient_receipts!
-- Whose record it is, is known where somebody added that practice; a repeat changes nothing.
INSERT INTO receipts (practice_id, topic_id, part, off, verdict, source, event_id)
SELECT CASE WHEN p.practice_id IS NULL OR EXISTS (SELECT FROM receipts x WHERE x.practice_id = '?'
           AND x.topic_id = k.t AND x.part = k.n AND x.off = k.o) THEN '?' ELSE p.practice_id END,
    k.t, k.n, k.o, k.v, k.s, k.i
FROM unnest(:practice_ids::text[], :topic_ids::text[], :parts::int[], :offs::bigint[], :verdicts::text[],
    :sources::text[], :event_ids::text[]) AS k(p, t, n, o, v, s, i)
LEFT JOIN practices p ON p.practice_id = k.p
ON CONFLICT DO NOTHING;

-- name: analyze!
ANALYZE receipts, events, entries, work, outcomes, gates, practices;

-- name: parked_on
-- Money of which something was reported before itself (R-8), and waits for it or was ended by a person, and how many
-- events of it are. Nothing does as a rule: both indexes are all but empty.
SELECT x.practice_id, x.kind, x.ref, count(*) AS stored
FROM (
    SELECT e.practice_id, CASE WHEN e.kind = 'payout_failed' THEN 'payout' ELSE 'payment' END AS kind, e.concerns AS ref
    FROM unnest(:practice_ids::text[], :refs::text[]) AS k(p, r)
    JOIN events e ON e.practice_id = k.p AND e.concerns = k.r AND e.waiting = 'AWAITING_ORIGINAL'
    UNION ALL
    SELECT e.practice_id, CASE WHEN e.kind = 'payout_failed' THEN 'payout' ELSE 'payment' END, e.concerns
    FROM unnest(:practice_ids::text[], :refs::text[]) AS k(p, r)
    JOIN events e ON e.practice_id = k.p AND e.concerns = k.r AND e.ended_as IS NOT NULL
) x
GROUP BY x.practice_id, x.kind, x.ref;
