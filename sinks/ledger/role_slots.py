"""Slots of the roles that work on the ledger: an equal slot fences the older process, which ends (law 13).

RULES and RELAY are fenced by the broker, by their transactional id. The others take their slot in the ledger when they
start, and look from time to time whether a newer process has taken it since. The ledger's own fences (positions,
epochs, marks) keep everything right meanwhile; this ends what only costs, and what nobody would notice.
"""

from __future__ import annotations

import os
import socket
import time
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_value, fetch_value_async
from streams.fault_injection import Control, disabled
from streams.runtime.errors import Fenced, Role

_SQL: Final = named_queries("sinks.ledger", "role_slots.sql")

LOOK_EVERY_S: Final = 2.0
"""How long two processes of one slot may work side by side."""


class RoleSlot:
    """The slot of one process. Taken once, over whatever connection; looked at by one loop."""

    def __init__(self, role: Role, slot: int) -> None:
        self._role = role
        self._slot = slot
        self._epoch: int | None = None
        self._looked_at = 0.0

    def take(self, connection: psycopg.Connection[TupleRow]) -> None:
        """Take the slot from whoever has it, the first time; later, look. Blocks; raises Fenced."""
        if self._epoch is None:
            owner = f"{socket.gethostname()}-{os.getpid()}"
            self._epoch = int(fetch_value(connection, _SQL["take"], self._key | {"owner": owner}))
        else:
            self._judge(fetch_value(connection, _SQL["epoch"], self._key))

    async def take_async(self, connection: AsyncConnection[TupleRow]) -> None:
        """`take` in an event loop."""
        if self._epoch is None:
            owner = f"{socket.gethostname()}-{os.getpid()}"
            self._epoch = int(await fetch_value_async(connection, _SQL["take"], self._key | {"owner": owner}))
        else:
            self._judge(await fetch_value_async(connection, _SQL["epoch"], self._key))

    @property
    def is_due(self) -> bool:
        """It is time to look again."""
        return time.monotonic() - self._looked_at >= LOOK_EVERY_S

    def look(self, connection: psycopg.Connection[TupleRow]) -> None:
        """Raises Fenced where a newer process has the slot. Blocks for a round trip, and only when it is due."""
        if self.is_due:
            self.take(connection)

    async def look_async(self, connection: AsyncConnection[TupleRow]) -> None:
        """`look` in an event loop, due or not."""
        await self.take_async(connection)

    def _judge(self, epoch: int | None) -> None:
        """A ledger that was set back knows nothing of us, or less: the slot is taken again with the next look."""
        self._looked_at = time.monotonic()
        if epoch is None or (self._epoch is not None and epoch < self._epoch):
            self._epoch = None
        elif epoch != self._epoch and not disabled(Control.ROLE_SLOTS):
            raise Fenced(
                f"another {self._role.value} with slot {self._slot} was started: it goes on, and this one ends. Give "
                "each process of a role a slot of its own (--slot)"
            )

    @property
    def _key(self) -> dict[str, Any]:
        return {"role": self._role.value, "slot": self._slot}


def record_stop(
    connection: psycopg.Connection[TupleRow], role: Role, slot: int, reason: str, now: datetime | None
) -> None:
    """Have the operator notified that a role refuses to go on. Blocks. `now` None = the database's clock."""
    given = {"role": role.value, "slot": slot, "reason": reason, "now": now}
    connection.execute(_SQL["stopped"], given)
