"""The broker side: program settings, clocks, the transactional worker loop, producer, admin, dead letters, telemetry."""
