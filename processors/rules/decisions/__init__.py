"""Decides the plan of one event: f(event, settings) → plan, one idea per file; `decide` is the entry point.

By event: `payments`, `insurance` (with `claims`), `payouts`, `notes`, `linked_events`. Shared by them:
`settings_in_force`, `shares` and `divide_payment` (who gets how much), `timing`, `initial_state`, `allocation`,
`lanes`, `pms_entries` (the entries). Cannot be decided: `waiting`, `refusal`, `currency`.
"""
