-- What is asked of tables that grow, found without reading the rest of them.
CREATE INDEX IF NOT EXISTS gates_closed ON gates (practice_id, connection_id) WHERE closed_reason IS NOT NULL;
CREATE INDEX IF NOT EXISTS connections_closed ON connections (home_practice_id, connection_id) WHERE closed_reason IS NOT NULL;
CREATE INDEX IF NOT EXISTS connections_without_capabilities ON connections (home_practice_id, connection_id) WHERE capabilities IS NULL;
CREATE INDEX IF NOT EXISTS connections_addresses ON connections (base_url) WHERE enabled;
CREATE INDEX IF NOT EXISTS deliveries_failed ON deliveries (practice_id) WHERE state = 'FAILED' AND code <> 'OVERTAKEN';
CREATE INDEX IF NOT EXISTS events_happened ON events (practice_id, occurred_at);
CREATE INDEX IF NOT EXISTS receipts_repeated ON receipts (practice_id, source, event_id) WHERE verdict <> 'FIRST';
CREATE INDEX IF NOT EXISTS audit_subjects ON audit (practice_id, subject);
CREATE INDEX IF NOT EXISTS audit_several ON audit (practice_id) WHERE after ? 'ids';
CREATE INDEX IF NOT EXISTS dead_letters_events ON dead_letters (event_id) WHERE event_id IS NOT NULL;
