-- Identities from `patients.v1`, in the transaction of their positions. `read_at` and the age of a position are the
-- machine's time: they are compared with what brokers keep, never with what a practice does.

-- name: position
SELECT topic_id, next_offset, run, rebuilt_to, extract(epoch FROM clock_timestamp() - read_at)::float8 AS age_s
FROM patient_positions WHERE part = :part;

-- name: begin_run
-- From the partition's beginning: what the topic does not show by its end is forgotten then.
INSERT INTO patient_positions AS p (part, topic_id, next_offset, run, rebuilt_to, read_at)
VALUES (:part, :topic_id, :next_offset, 1, :rebuilt_to, clock_timestamp())
ON CONFLICT (part) DO UPDATE
SET topic_id = EXCLUDED.topic_id, next_offset = EXCLUDED.next_offset, run = p.run + 1, rebuilt_to = EXCLUDED.rebuilt_to,
    read_at = EXCLUDED.read_at
RETURNING run;

-- name: move
-- Compare and set (law 3): a row comes back, or somebody else was ahead.
UPDATE patient_positions SET next_offset = :new, read_at = clock_timestamp()
WHERE part = :part AND run = :run AND next_offset = :expected
RETURNING part;

-- name: move_always
-- The control of it: without comparing.
UPDATE patient_positions SET next_offset = :new, read_at = clock_timestamp() WHERE part = :part RETURNING part;

-- name: end_run!
UPDATE patient_positions SET rebuilt_to = NULL WHERE part = :part AND run = :run;

-- name: put
-- Of one patient the highest offset counts, also while a partition is read again from its beginning. An identity that
-- cannot be opened yet leaves the one before it. Those that were put.
INSERT INTO patient_identities AS m (practice_id, patient_ref, identity, unopened, kid, merged_into, topic_id, part, off,
    run, read_at, tokens, tokens_by)
SELECT k.p, k.ref, k.identity, k.unopened, k.kid, k.merged_into, k.topic_id, k.part, k.off, k.run, clock_timestamp(),
    k.tokens::bigint[], :tokens_by
FROM unnest(:practice_ids::text[], :patient_refs::text[], :identities::bytea[], :unopened::text[], :kids::text[],
    :merged_into::text[], :topic_ids::text[], :parts::int[], :offs::bigint[], :runs::bigint[], :tokens::text[])
    AS k(p, ref, identity, unopened, kid, merged_into, topic_id, part, off, run, tokens)
ON CONFLICT (practice_id, patient_ref) DO UPDATE
SET identity = coalesce(EXCLUDED.identity, m.identity), unopened = EXCLUDED.unopened, kid = EXCLUDED.kid,
    merged_into = EXCLUDED.merged_into, topic_id = EXCLUDED.topic_id, part = EXCLUDED.part, off = EXCLUDED.off,
    run = EXCLUDED.run, read_at = EXCLUDED.read_at,
    tokens = CASE WHEN EXCLUDED.identity IS NULL THEN m.tokens ELSE EXCLUDED.tokens END,
    tokens_by = CASE WHEN EXCLUDED.identity IS NULL THEN m.tokens_by ELSE EXCLUDED.tokens_by END
WHERE :any_order OR m.topic_id <> EXCLUDED.topic_id OR m.off <= EXCLUDED.off
RETURNING practice_id, patient_ref;

-- name: forget_ids!
DELETE FROM patient_external_ids x
USING unnest(:practice_ids::text[], :patient_refs::text[]) AS k(p, ref)
WHERE x.practice_id = k.p AND x.patient_ref = k.ref;

-- name: put_ids!
INSERT INTO patient_external_ids (practice_id, patient_ref, system, external_id)
SELECT * FROM unnest(:practice_ids::text[], :patient_refs::text[], :systems::text[], :external_ids::text[]);

-- name: remove!
-- A tombstone takes away what came before it.
DELETE FROM patient_identities m
USING unnest(:practice_ids::text[], :patient_refs::text[], :topic_ids::text[], :offs::bigint[]) AS k(p, ref, topic_id, off)
WHERE m.practice_id = k.p AND m.patient_ref = k.ref AND (m.topic_id <> k.topic_id OR m.off <= k.off);

-- name: seen!
-- Their records say nothing new, and that they are still there.
UPDATE patient_identities m SET run = k.run
FROM unnest(:practice_ids::text[], :patient_refs::text[], :runs::bigint[]) AS k(p, ref, run)
WHERE m.practice_id = k.p AND m.patient_ref = k.ref AND m.run < k.run;

-- name: sweep
-- After a whole reading: a stretch of what it did not show. True while there may be more.
WITH removed AS (
    DELETE FROM patient_identities
    WHERE ctid = ANY(ARRAY(
        SELECT m.ctid FROM patient_identities m WHERE m.part = :part AND m.run < :run ORDER BY m.run LIMIT :most))
    RETURNING 1
)
SELECT count(*) >= :most FROM removed;

-- name: unopened
-- Those whose key is here now.
SELECT practice_id, patient_ref, unopened FROM patient_identities
WHERE kid = ANY(:kids::text[]) AND (practice_id, patient_ref) > (:after_practice, :after_patient)
ORDER BY practice_id, patient_ref LIMIT :most;

-- name: keep_opened!
-- Null: it could not be opened with its key either, and what was known before stays.
UPDATE patient_identities SET identity = coalesce(:identity, identity), unopened = NULL, kid = NULL,
    tokens = CASE WHEN :identity::bytea IS NULL THEN tokens ELSE :tokens::bigint[] END,
    tokens_by = CASE WHEN :identity::bytea IS NULL THEN tokens_by ELSE :tokens_by END
WHERE practice_id = :practice_id AND patient_ref = :patient_ref AND unopened = :unopened;

-- name: letters
-- Which of these records are dead letters already.
SELECT d.topic_id, d.part, d.off
FROM unnest(:practice_ids::text[], :topic_ids::text[], :parts::int[], :offs::bigint[]) AS k(p, t, n, o)
CROSS JOIN LATERAL (VALUES (k.p), ('?')) AS w(p)
JOIN dead_letters d ON d.practice_id = w.p AND d.topic_id = k.t AND d.part = k.n AND d.off = k.o;

-- name: want_links!
-- Soon and not at once, so that a stream of records has its practices looked at every ten seconds at most; a wish that
-- stands is not put off by the next record. What is under way begins again after that: it may have passed these by.
UPDATE mirror_practices m
SET links_wanted_at = CASE WHEN m.links_wanted_at IS NULL THEN now() + interval '10 seconds' ELSE now() END
FROM (SELECT p.practice_id FROM mirror_practices p JOIN practices q ON q.practice_id = p.practice_id
      WHERE p.practice_id = ANY(:practice_ids::text[]) AND q.auto_link
        AND (p.links_wanted_at IS NULL OR p.links_wanted_at = p.links_begun_at)
      ORDER BY p.practice_id FOR NO KEY UPDATE OF p) w
WHERE m.practice_id = w.practice_id;
