"""INTAKE: writes what RULES decided into the ledger, each batch in one transaction with its Kafka positions.

`role` and `consumer` take batches from the broker; `batch` stores one: read context → apply events → write.
1. `read_context` (with `context_request`, `read_payment_states`, `context_rows`) reads under the practices' locks.
2. `decide_batch` says of each record whether it is news (`duplicates`); `apply_events` lets the engine of
   `processors.rules.lifecycle` say what it changes, in the batch's own copy of the payments (`batch_payments`);
   `build_writes` makes rows and results of the changes (`writes`, `new_rows`).
3. `write` puts them into the tables (`bulk_insert`). `superseding` and `refused_records` are the rare ways.
`misplaced_records` reports senders with another partitioner; `write_dead_letters` writes dead letters, and
`refusal_results` makes what their senders hear of them.
"""
