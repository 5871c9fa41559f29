"""The RELAY role: publishes the records that other roles left in the outbox, then deletes their rows (law 25).

`outbox_rows` reads and deletes, `publisher` is the fenced transactional producer, `settings_histories` reads the
settings in force at the moment of sending (law 14), `published_ids` puts what upstreams read under
a schema registry's ids, `result_traces` adds their `traceparent`, `wakeup` waits for work, `role` is the loop's work.
"""
