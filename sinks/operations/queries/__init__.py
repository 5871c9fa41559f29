"""What people ask of the ledger: transactions, explanations, dead letters, what waits, lag."""
