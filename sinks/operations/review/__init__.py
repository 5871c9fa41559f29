"""The review of a practice's day or week: what is in the books, against the PMS's own total and the payouts; signed.

`figures` (pure: what is counted, and what of it a signature stands for) ← `load` (from the ledger and the mirror);
`actions/sign_day` keeps a signature; `export` and `pdf_review` write it down. `exceptions` is what a person must do.
"""
