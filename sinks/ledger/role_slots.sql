-- Slots of roles, and roles that refused to go on.

-- name: take
-- The newest process has the slot, whatever the older one is doing.
INSERT INTO role_slots AS s (role, slot, epoch, owner, since) VALUES (:role, :slot, 1, :owner, clock_timestamp())
ON CONFLICT (role, slot) DO UPDATE SET epoch = s.epoch + 1, owner = EXCLUDED.owner, since = EXCLUDED.since
RETURNING epoch;

-- name: epoch
SELECT epoch FROM role_slots WHERE role = :role AND slot = :slot;

-- name: stopped!
INSERT INTO role_stops (role, slot, reason, stopped_at) VALUES (:role, :slot, :reason, business_now(:now))
ON CONFLICT (role, slot) DO UPDATE SET reason = EXCLUDED.reason, stopped_at = EXCLUDED.stopped_at;
