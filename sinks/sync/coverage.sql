-- Insurance: subscriptions and whom they cover, under the reader's fence.

-- name: put_subscriptions!
INSERT INTO mirror_subscriptions (practice_id, subscription_id, plan_id, subscriber_id, effective_on, ends_on, number, run,
    read_at)
SELECT :practice_id, k.id, k.plan, k.subscriber, k.effective_on, k.ends_on, k.number, :run, business_now(:now)
FROM unnest(:ids::text[], :plans::text[], :subscribers::text[], :effective_on::date[], :ends_on::date[], :numbers::bytea[])
    AS k(id, plan, subscriber, effective_on, ends_on, number)
ON CONFLICT (practice_id, subscription_id) DO UPDATE
SET plan_id = EXCLUDED.plan_id, subscriber_id = EXCLUDED.subscriber_id, effective_on = EXCLUDED.effective_on,
    ends_on = EXCLUDED.ends_on, number = EXCLUDED.number, run = EXCLUDED.run, read_at = EXCLUDED.read_at;

-- name: drop_subscriptions!
DELETE FROM mirror_subscriptions WHERE practice_id = :practice_id AND subscription_id = ANY(:ids::text[]);

-- name: put_coverages!
INSERT INTO mirror_coverages (practice_id, coverage_id, pms_patient_id, subscription_id, priority, relation, pending, run,
    read_at)
SELECT :practice_id, k.id, k.patient, k.subscription, k.priority, k.relation, k.pending, :run, business_now(:now)
FROM unnest(:ids::text[], :patients::text[], :subscriptions::text[], :priorities::smallint[], :relations::text[],
    :pending::boolean[]) AS k(id, patient, subscription, priority, relation, pending)
ON CONFLICT (practice_id, coverage_id) DO UPDATE
SET pms_patient_id = EXCLUDED.pms_patient_id, subscription_id = EXCLUDED.subscription_id, priority = EXCLUDED.priority,
    relation = EXCLUDED.relation, pending = EXCLUDED.pending, run = EXCLUDED.run, read_at = EXCLUDED.read_at;

-- name: drop_coverages!
DELETE FROM mirror_coverages WHERE practice_id = :practice_id AND coverage_id = ANY(:ids::text[]);

-- name: sweep_subscriptions
-- After a whole read: a stretch of the practice's subscriptions in the order of their numbers, of which those go that it did
-- not show. The last number of the stretch.
WITH stretch AS MATERIALIZED (
    SELECT s.ctid AS place, s.subscription_id, s.run FROM mirror_subscriptions s
    WHERE s.practice_id = :practice_id AND s.subscription_id > :after
    ORDER BY s.subscription_id LIMIT :most
), gone AS (
    DELETE FROM mirror_subscriptions WHERE ctid = ANY(ARRAY(SELECT s.place FROM stretch s WHERE s.run < :run))
)
SELECT max(subscription_id) FROM stretch;

-- name: sweep_coverages
WITH stretch AS MATERIALIZED (
    SELECT c.ctid AS place, c.coverage_id, c.run FROM mirror_coverages c
    WHERE c.practice_id = :practice_id AND c.coverage_id > :after
    ORDER BY c.coverage_id LIMIT :most
), gone AS (
    DELETE FROM mirror_coverages WHERE ctid = ANY(ARRAY(SELECT s.place FROM stretch s WHERE s.run < :run))
)
SELECT max(coverage_id) FROM stretch;

-- name: forget_subscriptions
-- Rows of another account; true while there may be more.
WITH removed AS (
    DELETE FROM mirror_subscriptions
    WHERE ctid = ANY(ARRAY(
        SELECT s.ctid FROM mirror_subscriptions s WHERE s.practice_id = :practice_id
        ORDER BY s.subscription_id LIMIT :most))
    RETURNING 1
)
SELECT count(*) >= :most FROM removed;

-- name: forget_coverages
WITH removed AS (
    DELETE FROM mirror_coverages
    WHERE ctid = ANY(ARRAY(
        SELECT c.ctid FROM mirror_coverages c WHERE c.practice_id = :practice_id
        ORDER BY c.coverage_id LIMIT :most))
    RETURNING 1
)
SELECT count(*) >= :most FROM removed;
