-- Messages of a target about the outcome of a write: they hasten a look, and decide nothing.

-- name: look_now
-- The entry that carries the marker, where its outcome is awaited at this connection, is due now. Its state, its epoch and
-- its proof stay what they are. A marker is the beginning of a request id.
UPDATE work x SET due_at = business_now(:now)
FROM practice_connections u
WHERE u.home_practice_id = :home_practice_id AND u.connection_id = :connection_id
  AND x.practice_id = u.practice_id AND x.connection_id = u.connection_id
  AND is_in_doubt(x.state) AND is_read_back(x.state) AND starts_with(x.request_id, :request_begins)
  AND x.due_at > business_now(:now)
RETURNING x.practice_id, x.connection_id;
