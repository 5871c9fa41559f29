-- Until when a connection's access can be renewed: as the vendor said at its last renewal, or where it was connected. What
-- the sealed secret says too, for those who may not open it.
ALTER TABLE connections ADD COLUMN secret_until timestamptz;
CREATE INDEX connections_secret_until ON connections (secret_until) WHERE secret_until IS NOT NULL;
