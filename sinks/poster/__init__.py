"""The poster: takes what is due to the practices' systems, at most once (protocol, laws 16 to 24).

Read it in this order. `work` the records; `deciding` what every answer means (pure, one table); `retrying` and
`limiting` (pure); `checking` what is asked before a mark (pure); `doors` a held connection, `turns` a held gate and
its plan; `ledger` the statements of `queries.sql`; `holding` what the process owns; `calling` one call, `starting` how
calls begin, `confirming` how many results are stored at once, `looking_twice` the read for a second entry behind a late
answer; `loop` the one loop; `role` the process around it.
"""
