"""Kafka clients of the money path: configuration, transactional loop, membership, positions, topics, dead letters."""
