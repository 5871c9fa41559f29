-- Each acknowledgement is measured once, by the notifier that sees it first. Those from before are history.
ALTER TABLE notices ADD COLUMN acknowledgement_counted boolean NOT NULL DEFAULT false;
UPDATE notices SET acknowledgement_counted = true WHERE acknowledged_at IS NOT NULL;
CREATE INDEX notices_acknowledged ON notices (acknowledged_at) WHERE NOT acknowledgement_counted AND acknowledged_at IS NOT NULL;
COMMENT ON COLUMN notices.acknowledgement_counted IS 'metrics have it';
