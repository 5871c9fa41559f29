"""The ledger in Postgres: the only place where "has this been posted" is decided (PROTOCOL.md).

`schema/` holds tables and transitions, `rows/` their records, `intake/` the role that stores what was decided,
`waiting/` what moves waiting effects on, `practices/` practices and settings. Here: `unit_of_work` and `effect_moves`
(the way to change effects outside the poster), `gates` (next due times), `outbox` (rows for the relay), `request_ids`
(names at the targets), `gauges` and `conservation` (whether everything adds up), `retention`. README.md says more.
"""
