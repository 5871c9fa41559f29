"""What people ask of the ledger, read-only. Each module has its SQL beside it.

`transactions` lists, `explain` says one payment's whole story, `totals` and `sums` add up, `waiting_entries` and
`dead_letters` list what needs a person, `skipped` what a backfill may post, `open_entries` what an action sets going,
`payouts` what reached the bank, `patient_view` everything of one patient, `lag` who is behind, `receipts_audit` what
lacks a receipt. `practices`, `organisations`, `settings_views` and `connections` show how a practice is set up,
`topic_partitions` what the ledger was started with.
"""
