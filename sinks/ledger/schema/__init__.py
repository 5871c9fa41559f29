"""The ledger's schema and connections to its database.

`migrations/` in order, applied by `migrate`; `functions` are the SQL functions of the vocabulary; `transitions` the
table of state changes that the database enforces; `database` opens connections, `era` notices another server (law 4).
"""
