"""The sub-commands of `writeback`, one file per group; each parses, calls operations and prints.

`deploy.command` registers them; heavy imports stay inside the functions. Roles: `roles`, `up`, `ready`. The stack:
`stack`, `topics`, `sandbox`, `demo`, `clock`, `send`. Practices: `practice`, `settings` (with `settings_shown`),
`organisation`, `target` (with `target_choices`), `golive`, `link`. Money: `transactions`, `explain` (with
`explain_attempts`), `entries`, `dlq`, `backfill`, `whatif`, `lag`, `audit_receipts`. Shared: `operator_options`,
`open_ledger`, `periods`.
"""
