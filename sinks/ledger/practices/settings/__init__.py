"""A practice's settings as the ledger keeps them (laws 14, 15), and the checks before they are saved.

`settings_store` saves versions, `withdrawal` takes one back before it begins, `version_start` applies one that begins;
`settings_file` reads what people write, `stored_settings` and `history` what the tables hold, `fields` one field at a
time. `warnings` says what they will do, given the connection's `capabilities`; `write_off_codes` checks codes.
`entitlement` and `golive_state` guard the master switch. `groups`, `group_membership`, `inheritance` and `follow_group`
are groups of practices.
"""
