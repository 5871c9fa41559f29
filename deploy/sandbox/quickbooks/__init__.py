"""QuickBooks Online's Accounting API and token service as documented, over companies kept in memory.

`vendor` routes and authorises, `tokens` issues tokens, `companies` and `company` hold the books. `entries` and
`parse_lines` take documents, `reads` and `query` answer reads, `shapes` are the forms of faults. `control` is the
test's side.
"""
