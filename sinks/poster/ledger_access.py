"""How the parts of one poster process reach the ledger, and as whom."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from sinks.poster.ledger_history import LedgerHistory
from streams.runtime.clock import Clock

Connect = Callable[[], AbstractAsyncContextManager[AsyncConnection[TupleRow]]]
"""Lends a pooled connection in autocommit mode; waits while all are lent."""


class LedgerAccess(msgspec.Struct, frozen=True, kw_only=True):
    """Shared by all stores of the process."""

    connect: Connect
    owning: Connect
    """For claims, renewals and releases alone, whose commits need not wait for the disk."""
    clock: Clock
    """Business time; leases, epochs and deadlines never use it."""
    me: str
    """This process, as the owner of leases; no two processes have the same."""
    group: str
    """Names the poster in the headers of its dead letters; it consumes no topic."""
    history: LedgerHistory | None = None
    """Where marks are kept outside the ledger; None where nothing is sent."""
