"""Failures reach people: what is open is a query on the ledger, what was told is a row before it is a mail (law 26).

`problems` asks the ledger what is wrong now, `planning` decides what to tell (pure), `letters` finds the words (pure),
`deliveries` keeps what was told, `smtp` sends it, `role` turns the wheel. The dead-letter topic only hastens.
"""
