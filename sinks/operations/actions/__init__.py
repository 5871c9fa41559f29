"""What people do to the ledger, each with a preview, a reason and an audit entry.

`entry_actions` post, record and dismiss entries by `entry_action_rules`; `redrive`, `republish` and `dismiss_record`
settle what is dead; `backfill` posts what was skipped; `golive` runs the checklist (`golive_checklist`, `golive_plans`,
`golive_posts`).
"""
