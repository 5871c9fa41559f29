"""The broker side: settings, clocks, the transactional worker loop, producer, admin, dead letters, telemetry."""
