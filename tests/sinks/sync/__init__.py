"""The role that reads practices' own systems, against real sandboxes and a real ledger."""
