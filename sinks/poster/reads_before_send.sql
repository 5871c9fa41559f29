-- Reads before a mark that did not succeed for their entry alone (law 22). `:now` is business time.

-- name: postpone
-- Under the practice's lock, in a later statement (law 8). Only what is still to be sent, and only by the gate's owner.
UPDATE work x
SET due_at = business_now(:now) + make_interval(secs => :again_in_s), last_code = :code,
    failing_since = coalesce(x.failing_since, business_now(:now)), changed_at = business_now(:now)
WHERE x.practice_id = :practice_id AND x.effect_id = :effect_id AND is_ready(x.state) AND NOT x.look_first
  AND EXISTS (SELECT FROM gates g WHERE g.practice_id = x.practice_id AND g.connection_id = x.connection_id
              AND g.epoch = :epoch AND g.owner = :me)
RETURNING x.practice_id, x.effect_id, x.failing_since < business_now(:now) - make_interval(secs => :budget_s) AS spent;

-- name: add_attempt!
-- The read is part of the record of what was tried. It is no attempt to post: it counts none.
INSERT INTO attempts (practice_id, month, effect_id, n, phase, epoch, generation, request_id, began_at, ended_at, answer,
    scope, code)
VALUES (:practice_id, date_trunc('month', :ended_at::timestamptz)::date, :effect_id, :n, 'origin', :epoch, :generation,
    :request_id, :began_at, :ended_at, :answer, :scope, :code)
ON CONFLICT DO NOTHING;
