-- Effects that wait or stand dead, and what lets them go on. The caller holds the practice's lock and moves what is found
-- here by its unit of work.

-- name: held_effects
-- Effects whose first unmet condition may have changed, with what is looked up and not stored: the link, and whether
-- the connection is the practice's and reaches the account in which the original stands.
SELECT e.effect_id,
       EXISTS (SELECT FROM patient_links l
               WHERE l.practice_id = e.practice_id AND l.patient_ref = e.patient_ref) AS linked,
       coalesce((e.instruction ->> 'office_level')::boolean, false) AS office_level,
       EXISTS (SELECT FROM practice_connections u JOIN connections c USING (home_practice_id, connection_id)
               WHERE u.practice_id = e.practice_id AND u.connection_id = e.connection_id AND c.enabled)
       AND NOT EXISTS (SELECT FROM effects o WHERE o.practice_id = e.practice_id AND o.effect_id = e.depends_on
           AND o.state = 'POSTED'
           AND sent_elsewhere(e.practice_id, e.connection_id, coalesce(o.sent_at, o.posted_at))) AS connected
FROM open_effects e
WHERE e.practice_id = :practice_id AND is_looked_up(e.state)
  AND (:patient_ref::text IS NULL OR e.patient_ref = :patient_ref);

-- name: master_now
-- Whether the practice posts by the settings in force; no row without settings.
SELECT coalesce(master_is_on(body), false) FROM settings_in_force(:practice_id, business_now(:now));

-- name: entitled
-- Whether the practice may use write-back at all (SET-16).
SELECT entitled_at IS NOT NULL FROM practices WHERE practice_id = :practice_id;

-- name: dependents
-- What depends on some effects: a part of the same plan, or a reversal on another event.
SELECT e.effect_id, (e.source, e.event_id) = (o.source, o.event_id) AS same_plan, o.state AS original
FROM effects o
JOIN effects e ON e.practice_id = o.practice_id AND e.depends_on = o.effect_id
WHERE o.practice_id = :practice_id AND o.effect_id = ANY(:effect_ids::bigint[]);

-- name: dead_effects
-- But for a doubt of another account: nothing that is read in this one would settle it (P-15).
SELECT effect_id FROM work
WHERE practice_id = :practice_id AND state = ANY(:states::text[])
  AND (:connection_id::text IS NULL OR connection_id = :connection_id)
  AND (:effect_ids::bigint[] IS NULL OR effect_id = ANY(:effect_ids::bigint[]))
  AND NOT (state = 'DEAD_LETTERED' AND is_unsettled(reason)
           AND sent_elsewhere(practice_id, connection_id, sent_at));

-- name: debits_before
-- Of these: what was taken back with its payment, and goes before it again (N-10).
SELECT w.effect_id FROM entries e
JOIN work w ON w.practice_id = e.practice_id AND w.effect_id = e.depends_on
JOIN entries d ON d.practice_id = e.practice_id AND d.effect_id = e.depends_on
WHERE e.practice_id = :practice_id AND e.effect_id = ANY(:effect_ids::bigint[]) AND e.entry_kind = 'payment'
  AND d.entry_kind = 'fee_adjustment' AND d.amount_minor < 0 AND (d.source, d.event_id) = (e.source, e.event_id)
  AND w.state = 'AWAITING_MANUAL_POST' AND w.reason = 'ORIGINAL_NOT_POSTED';

-- name: composed_effects
-- Effects that wait to be sent with a request that is composed already.
SELECT effect_id FROM work
WHERE practice_id = :practice_id AND connection_id = :connection_id AND is_ready(state) AND payload IS NOT NULL;

-- name: settle_dead_letters!
UPDATE dead_letters SET settled_at = :at, settled_as = 'RELEASED', settled_by = :actor
WHERE practice_id = :practice_id AND effect_id = ANY(:effect_ids::bigint[]) AND settled_at IS NULL;
