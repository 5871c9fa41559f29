"""Identities from `patients.v1`, against a real broker and ledger."""
