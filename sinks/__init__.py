"""Sinks: the ledger that decides what was posted, the routes to each target, the poster, the relay and the notices."""
