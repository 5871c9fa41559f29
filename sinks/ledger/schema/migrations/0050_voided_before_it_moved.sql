-- What the notifier asks for every few seconds: voids that are older than what was counted of their payment.
CREATE INDEX events_moved_after_void ON events (resolved_at) WHERE kind = 'void' AND reason = 'MORE_THAN_ORIGINAL';
