"""Shared bookkeeping arithmetic, pure: used by the rules, the ledger and the adapters alike.

`money` (amounts and their division) and `companion` (a payment and its fee adjustment), `net_or_gross` (fee and amount
mode of a payment), `cut_offs` and `windows` (daily releases), `blackouts`, `adjustment_codes` with the lists in
`codes/`.
"""
