"""What people ask of the ledger, read-only.

`transactions` lists, `explain` tells one payment's whole story (`explain_story` and its parts `explain_amounts`,
`explain_entries`, `explain_claims`, `explain_fields`, read by `explain_rows` into `explain_records`), `totals` and
`sums` add up, `waiting_entries` and `dead_letters` list what needs a person, `skipped` what a backfill may post, `lag`
who is behind, `receipts_audit` what lacks a receipt.
"""
