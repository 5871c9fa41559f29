"""A practice's settings as the ledger keeps them (laws 14, 15), and what decides whether they may be so.

`truth` saves versions and `withdrawing` takes one back that has not begun; `written` reads what people write, `stored`
what the tables hold, `fields` goes through them one at a time; `warning` says what they will do, measured against what
the connection can (`abilities`). `entitlement` and `golive_state` guard the master switch. `organisations` are groups:
`inheriting` and `following` say what a practice has of its group, `joining` brings it in and out.
"""
