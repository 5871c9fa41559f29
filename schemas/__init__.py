"""The contract: events in, write-backs and results out, money, states and reasons, and the catalogue of topics.

Everything else imports from here; this package imports nothing of ours. What stands here is what upstream
systems, operators and every role agree on, so changes are additive (schemas/README section 5).
"""
