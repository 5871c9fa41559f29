"""The sub-commands of `writeback`, one file per group; each parses, calls operations and prints.

`deploy.command` registers them; heavy imports stay inside the functions. Roles: `roles`, `up`, `ready`. The stack:
`stack`, `topics`, `sandbox`, `demo`, `clock`, `send`, `webhooks`. Practices: `practice`, `settings` (with
`settings_views`), `organisation`, `targets`, `target` (with `target_replace`), `golive`, `link`. Money: `transactions`
and `explain` (with `story_page`, `story_attempts`), `entries`, `worklist`, `dlq`, `backfill`, `whatif`, `lag`,
`audit_receipts`, `doctor`. Shared: `options`, `parsing`, `printing`, `open_ledger`.
"""
