"""Payouts against payments and against each other, on a real ledger."""
