"""Worked cases as tables that a bookkeeper can read, held against the ledger's effects and against both sandboxes."""
