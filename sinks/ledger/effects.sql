-- Effects as the practice's lock holder reads and changes them. Nothing else outside the poster changes an effect.

-- name: lock_effects
-- In the order of their ids, as everybody who locks several.
SELECT e.practice_id, e.effect_id, e.source, e.event_id, v.subject, e.target, e.entry_kind, e.part, e.connection_id,
       e.depends_on, e.state, e.reason, e.planned_reason, e.holds, e.due_at, e.amount_minor, e.currency,
       e.settings_version, e.generation, e.look_first, e.sent_at, e.attempts, e.redrives, e.changed_at
FROM effects e JOIN events v USING (practice_id, source, event_id)
WHERE e.practice_id = :practice_id AND e.effect_id = ANY(:effect_ids::bigint[])
ORDER BY e.effect_id FOR NO KEY UPDATE OF e;

-- name: move_effects
-- Only from the state in which an effect was found; what a move does not name stays. The database refuses a pair of
-- states that the table of transitions does not have.
UPDATE effects e
SET state = k.state, changed_at = :at,
    reason = coalesce(k.reason, e.reason),
    planned_reason = CASE WHEN 'planned_reason' = ANY(k.clears) THEN NULL ELSE e.planned_reason END,
    holds = coalesce(k.holds, e.holds),
    due_at = coalesce(k.due_at, e.due_at),
    connection_id = coalesce(k.connection_id, e.connection_id),
    depends_on = CASE WHEN 'depends_on' = ANY(k.clears) THEN NULL ELSE coalesce(k.depends_on, e.depends_on) END,
    look_first = coalesce(k.look_first, e.look_first),
    generation = coalesce(k.generation, e.generation),
    request_id = coalesce(k.request_id, e.request_id),
    payload = CASE WHEN 'payload' = ANY(k.clears) THEN NULL ELSE e.payload END,
    payload_digest = CASE WHEN 'payload' = ANY(k.clears) THEN NULL ELSE e.payload_digest END,
    failing_since = CASE WHEN 'failing_since' = ANY(k.clears) THEN NULL ELSE e.failing_since END,
    attempts = coalesce(k.attempts, e.attempts),
    redrives = coalesce(k.redrives, e.redrives)
FROM json_to_recordset(:moves::json)
    AS k(practice_id text, effect_id bigint, was text, state text, reason text, holds text[], due_at timestamptz,
         connection_id text, depends_on bigint, look_first boolean, generation int, request_id text, attempts int,
         redrives int, clears text[])
WHERE e.practice_id = k.practice_id AND e.effect_id = k.effect_id AND e.state = k.was
RETURNING e.effect_id;

-- name: instant
-- The wall clock and not the transaction's: it may have waited for the lock (law 15).
SELECT coalesce(:now::timestamptz, clock_timestamp());
