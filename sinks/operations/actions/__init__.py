"""What people do to the ledger, each in the frame of `sinks.operations.acting`.

`entry_actions` post, record and dismiss entries by `entry_action_rules`; `redrive` (planned by `redrive_plan`, sent by
`republish`) and `dismiss_record` settle what is dead; `backfill` posts what was skipped; `golive` runs the checklist
(`golive_checklist`, `golive_plans`, `golive_posts`); `settings`, `practices`, `organisations`, `connect_target` and
`link_patient` set practices up.
"""
