"""What proposed settings would have made of a practice's past: the pure rules over the stored events, nothing touched.

It lives here because it needs both sides of the house: the rules of `processors` and the ledger of `sinks`.
"""
