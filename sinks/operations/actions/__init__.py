"""What people do to the ledger, each with a preview, a reason and an audit entry."""
