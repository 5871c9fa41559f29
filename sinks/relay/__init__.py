"""What Postgres-side roles want published, published: outbox rows become records, then the rows go (law 25).

`rows` reads and deletes, `publisher` is the fenced transactional producer, `settings_rows` reads the truth at the
moment of sending (law 14), `wakeup` waits for work, `role` turns the wheel.
"""

from sinks.relay.role import run

__all__ = ["run"]
