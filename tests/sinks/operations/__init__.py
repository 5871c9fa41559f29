"""What operators are shown of a ledger."""
