"""Kafka clients of the money path.

Consuming: `client_config`, `membership` with `starting_positions`, `topic_identity`, `consumer_lag`, and the
`transactions` loop with `resumed_calls` and `transaction_age`. Producing: `producer`, the kit for upstreams, and
`event_files`. Records: `dead_letters`, `redecision_requests`, `header_values`. Topics: `topics`, `watermarks`. RULES:
`settings_view`, `dead_letter_limit`. The operator's settings: `operator_config`.
"""
