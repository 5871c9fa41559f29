"""What waits in the ledger and what ends the waiting: re-evaluation, release, sweeps, closed periods."""
