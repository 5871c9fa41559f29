"""A person's order, and the ledger that operations take, as tests make them."""

from __future__ import annotations

import psycopg
from psycopg.rows import TupleRow

from sinks.operations.acting import Actor, Order
from sinks.operations.ledger import Ledger
from streams.runtime.clock import Clock


def order(name: str = "Ada", reason: str = "typed in on Monday", *, apply: bool = True) -> Order:
    return Order(actor=Actor(name), reason=reason, apply=apply)


def ledger_of(connection: psycopg.Connection[TupleRow], clock: Clock) -> Ledger:
    """Without a spread of releases."""
    return Ledger(connection=connection, clock=clock, jitter_s=0)
