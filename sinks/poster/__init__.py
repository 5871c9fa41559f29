"""The poster: sends what is due to the practices' systems, at most once (laws 16 to 24 of `sinks/ledger/PROTOCOL.md`).

One iteration of `loop`: claim gates, settle marks, plan, check, mark and call, confirm, release. To read it from the
top:

1. `planned_call`: an effect that is due. `call_outcome`: what came of it.
2. `practice_lease`, `connection_leases`: what this process owns, and which entries may start under it. `leases` claims,
   renews and releases them; `connection_health` closes and opens connections, by `limiter`.
3. `pre_send_checks`, `closed_periods`: what is asked before a mark (pure). `held_before_send` stores a refusal;
   `balance_reads` and `allocate_payment` are the read that an entry may need first.
4. `start_calls` chooses and checks, `mark_calls` marks, `call_slots` holds the tasks; `run_calls` runs each to its end,
   around the one `call`.
5. `outcomes` decides what every answer means (pure, one table), with `retry_times`. `confirmations` stores it;
   `publications` is the only place that makes results and dead letters; `duplicate_check` reads again after a late
   answer.
6. `lease_store`, `call_store`, `confirmation_store`: the statements, each in the `.sql` file of its subject.
7. `role`: the process around the loop, with `connection_pool`, `adapters` and `wakeup`.
"""
