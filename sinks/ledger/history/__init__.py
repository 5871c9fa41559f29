"""Whether the database still holds what it held: evidence that it was set back, from broker and posters (law 4).

`settle` is what a role calls before it reads or writes anything else; `stamps` are how far the ledger had come when
something was published or sent, `broker` reads what Kafka knows, `stamp_file` keeps what one poster knows.
"""
