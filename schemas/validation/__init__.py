"""Validation of incoming events, by family; `events.validate` is the entry point.

`checks` holds single checks, `parts` those of splits and fees; `payments`, `reversals`, `payouts` and
`remittance_balance` the rules of each family.
"""
