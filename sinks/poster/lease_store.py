"""Leases of gates and connections in the ledger: claim, renew, close, open, release (laws 20 to 22).

One round trip each, for many at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from schemas.vocabulary import Target
from sinks.ledger.gates import JITTER_S
from sinks.ledger.named_queries import named_queries
from sinks.poster.connection_leases import ConnectionLease
from sinks.poster.ledger_access import LedgerAccess
from sinks.poster.limiter import Breaker, Limiter
from sinks.poster.planned_call import ConnectionKey, GateKey
from sinks.poster.practice_lease import PracticeLease
from sinks.poster.read_rows import read_rows
from sinks.targets.catalogue import ROUTES, STAND_IN
from sinks.targets.route import StoredConnection
from streams.fault_injection import CrashPoint, reach
from streams.settings import ProgramSettings

_SQL: Final = named_queries("sinks.poster", "leases.sql")
_pack = msgspec.json.encode


class ClaimedGate(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the claim: a gate and its connection, both leased to this process now."""

    practice_id: str
    connection_id: str
    epoch: int
    home_practice_id: str
    connection_epoch: int
    route: str
    target: Target
    changed_at: datetime
    base_url: str
    config: Any
    secret: bytes | None
    limiter: Limiter | None
    breaker: Breaker | None
    older_marks: bool
    """An earlier owner has marked entries that are not confirmed."""
    duplicate_checks: bool
    """Some entries are due to be read again (laws 19 and 20)."""

    @property
    def gate(self) -> GateKey:
        """The claimed gate."""
        return GateKey(self.practice_id, self.connection_id)

    @property
    def connection(self) -> ConnectionKey:
        """The connection that the gate's entries go to."""
        return ConnectionKey(self.home_practice_id, self.connection_id)

    @property
    def stored_connection(self) -> StoredConnection:
        """That connection as an adapter is opened from it, as it stood when it was claimed."""
        return StoredConnection(
            home_practice_id=self.home_practice_id,
            connection_id=self.connection_id,
            route=self.route,
            base_url=self.base_url,
            config=self.config,
            secret=self.secret,
        )


class LeaseStore:
    """The leases of one poster process. Raises psycopg.Error; then it is unknown whether the statement had its effect.

    Claims, renewals and releases go over the access's `owning` connections; what closes or opens a connection is
    awaited on the disk.
    """

    def __init__(self, access: LedgerAccess, settings: ProgramSettings) -> None:
        self._access = access
        self._times = settings.times
        self._jitter_s = JITTER_S[settings.profile]

    async def claim(self, free: int) -> list[ClaimedGate]:
        """At most `free` due gates with their connections, oldest first. Each lease lasts as its route asks."""
        parameters = {
            "free": free,
            "me": self._access.me,
            "routes": list(ROUTES),
            "leases": [self._times.of(route.limits).lease_s for route in ROUTES.values()],
            "other_route": STAND_IN.name,
            "now": self._access.clock.for_database(),
        }
        async with self._access.owning() as connection:
            claimed = await read_rows(connection, ClaimedGate, _SQL["claim"], parameters)
        reach(CrashPoint.POSTER_AFTER_CLAIM)
        return claimed

    async def renew(
        self, leases: Sequence[PracticeLease], connections: Sequence[ConnectionLease]
    ) -> tuple[set[GateKey], set[ConnectionKey]]:
        """Extends leases; answers the gates and the connections that are still ours."""
        gates = [_lease_row(lease.gate, lease.epoch) | {"lease_s": lease.connection.times.lease_s} for lease in leases]
        held = [_lease_row(each.key, each.epoch) | {"lease_s": each.times.lease_s} for each in connections]
        async with self._access.owning() as connection:
            parameters = {"gates": _pack(gates).decode(), "me": self._access.me}
            ours = await read_rows(connection, GateKey, _SQL["renew"], parameters)
            parameters = {"connections": _pack(held).decode(), "me": self._access.me}
            open_ones = await read_rows(connection, ConnectionKey, _SQL["renew_connections"], parameters)
        return set(ours), set(open_ones)

    async def release(self, leases: Sequence[PracticeLease], pause_s: float) -> None:
        """Gives gates back, those in which nothing moved for `pause_s` at least."""
        parameters = {
            "gates": _pack([_released_row(lease, pause_s) for lease in leases]).decode(),
            "me": self._access.me,
            "now": self._access.clock.for_database(),
            "jitter_s": self._jitter_s,
        }
        async with self._access.owning() as connection:
            await connection.execute(_SQL["release"], parameters, prepare=True)

    async def disown(self, held: Iterable[GateKey], connections: Iterable[ConnectionKey]) -> list[GateKey]:
        """Gives back what the ledger calls this process's and is not among these; answers the gates. To be called while
        no claim or release is under way."""
        gates = [{"p": practice_id, "c": connection_id} for practice_id, connection_id in held]
        kept = [{"p": practice_id, "c": connection_id} for practice_id, connection_id in connections]
        async with self._access.owning() as connection:
            parameters = {"gates": _pack(gates).decode(), "me": self._access.me}
            disowned = await read_rows(connection, GateKey, _SQL["disown"], parameters)
            parameters = {"connections": _pack(kept).decode(), "me": self._access.me}
            await connection.execute(_SQL["disown_connections"], parameters)
        return disowned

    async def release_connections(self, connections: Iterable[ConnectionLease]) -> None:
        """Gives connections back, with what the next owner must know of limiter and breaker."""
        rows = [
            _lease_row(each.key, each.epoch)
            | {"limiter": each.limiter, "breaker": None if each.breaker == Breaker() else each.breaker}
            for each in connections
        ]
        parameters = {"connections": _pack(rows).decode(), "me": self._access.me}
        async with self._access.owning() as connection:
            await connection.execute(_SQL["release_connections"], parameters, prepare=True)

    async def close_connection(self, closed: ConnectionLease, reason: str, wait_s: float) -> None:
        """Closes a connection and every gate that names it for `wait_s` (law 22)."""
        await self._change(
            "close_connection",
            closed,
            {"reason": reason, "wait_s": wait_s, "breaker": _pack(closed.breaker).decode()},
        )

    async def open_connection(self, opened: ConnectionLease) -> None:
        """Opens a connection and its gates: the target answers again."""
        await self._change("open_connection", opened, {})

    async def _change(self, name: str, lease: ConnectionLease, parameters: dict[str, Any]) -> None:
        ours = {"epoch": lease.epoch, "me": self._access.me, "now": self._access.clock.for_database()}
        key = lease.key._asdict()
        async with self._access.connect() as connection, connection.transaction():
            await connection.execute(_SQL["lock_named_gates"], key, prepare=True)
            await connection.execute(_SQL[name], key | ours | parameters, prepare=True)


def _lease_row(key: GateKey | ConnectionKey, epoch: int) -> dict[str, Any]:
    practice_id, connection_id = key
    return {"p": practice_id, "c": connection_id, "e": epoch}


def _released_row(lease: PracticeLease, pause_s: float) -> dict[str, Any]:
    pause = 0.0 if lease.progressed else pause_s
    return _lease_row(lease.gate, lease.epoch) | {"pause_s": pause, "blackout_until": lease.rests_until}
