"""The ways by which a notice reaches people."""
