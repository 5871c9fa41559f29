"""The poster: takes what is due to the practices' systems, at most once (protocol, laws 16 to 24).

Read it in this order. `work` the records; `deciding` what every answer means (pure, one table); `retrying` and
`limiting` (pure); `checking` what is asked before a mark (pure); `doors` the connections this process holds; `turns`
a held gate and its plan; `ledger` the statements of `queries.sql`; `calling` one call; `confirming` many results at
once; `loop` the one loop; `role` the process around it.
"""
