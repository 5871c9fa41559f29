"""Practices of the ledger: settings versions, groups, connections, patient links, audit trail."""
