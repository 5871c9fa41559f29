"""What is wrong with this pipeline and what to do about it, in order of harm: `writeback doctor`.

`examine` looks at everything at once within a deadline: `ledger_look` at the database, `broker_look` at Kafka,
`certificates` at TLS, `data_folders` at the disk, `registry_look` at the schema registry,
`mail_look` at the mail server. What they saw is `facts`; `judge` makes `finding`s of it and does no I/O.
Words stand in `sinks.operations.words.doctor`. Nothing here changes anything.
"""
