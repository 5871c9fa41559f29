"""The SYNC role: reads the practices' own systems into the ledger's mirror, by turns and within their limits.

Read `README.md` beside it. It writes nothing at a target and no state of an entry.
"""
