"""The leases of this process: gates and their connections, claimed, renewed, given up, released (laws 20 to 22)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

import psycopg

from schemas.vocabulary import State
from sinks.poster import counters
from sinks.poster.adapters import Adapters
from sinks.poster.call_outcome import Closing
from sinks.poster.call_store import CallStore
from sinks.poster.claim_room import ClaimRoom
from sinks.poster.connection_health import ConnectionHealth
from sinks.poster.connection_leases import ConnectionLease
from sinks.poster.lease_store import ClaimedGate, LeaseStore
from sinks.poster.limiter import HEALTHY, Limiter
from sinks.poster.planned_call import ConnectionKey, GateKey
from sinks.poster.practice_lease import PracticeLease
from sinks.targets.catalogue import times_of_route
from sinks.targets.route import UnusableConnectionError
from streams.runtime import metrics
from streams.runtime.logging import log
from streams.settings import ProgramSettings

NO_PROGRESS_PAUSE_S: Final = 1.0
"""A gate that had something due and let nothing start is not claimed again before this (lease too short, settings
changed under the plan): its next owner looks again."""
RELEASE_AFTER_S: Final = 0.02
RELEASE_BATCH: Final = 16
"""Finished gates wait this long for others, or for this many, so that they are released together."""
IDLE_RENEWAL_S: Final = 1.0
"""While nothing is held, how soon it is looked whether there is a lease to renew."""

_LOG: Final = log(__name__)


class Leases:
    """Leases of practices and connections, written by the poster's event loop only.

    `wake` has the loop come round. Methods that wait for the ledger raise psycopg.Error.
    """

    def __init__(
        self,
        settings: ProgramSettings,
        store: LeaseStore,
        calls: CallStore,
        adapters: Adapters,
        health: ConnectionHealth,
        wake: Callable[[], None],
    ) -> None:
        self.practices: dict[GateKey, PracticeLease] = {}
        self.connections: dict[ConnectionKey, ConnectionLease] = {}
        self.claim_wanted = True
        """A claim is worth its statement now: a gate became due, or one was released."""
        self._settings = settings
        self._room = ClaimRoom(settings.poster_calls, settings.poster_gates)
        self._times = settings.times
        self._store = store
        self._calls = calls
        self._adapters = adapters
        self._health = health
        self._wake = wake
        self._claimed_at = 0.0
        self._unsure = False
        """What this process holds may be more than it knows."""
        self._releasing: asyncio.Task[None] | None = None

    async def claim(self, free: int) -> None:
        """Claim due gates, if one is said to be due or the time has come to look, and `free` places leave room."""
        idle = time.monotonic() - self._claimed_at >= self._times.claim_idle_s
        if not (self.claim_wanted or idle):
            return
        room = self._gates_wanted(free, idle=idle)
        if room <= 0:
            return
        self.claim_wanted = False
        self._claimed_at = began = time.monotonic()
        claimed = await self._store.claim(room)
        metrics.CLAIM_SECONDS.observe(time.monotonic() - began)
        if not claimed:
            return
        self.claim_wanted = len(claimed) >= room
        fresh = [self._add(gate) for gate in claimed]
        settled = await self._calls.settle_marks(marked) if (marked := _with_older_marks(claimed, fresh)) else []
        for mark in settled:
            counters.moved(mark.target.value, State.SENDING.value, State.UNCERTAIN.value)
            _LOG.info("an earlier owner's mark is in doubt", practice_id=mark.practice_id, effect_id=mark.effect_id)
        for connection in {lease.connection.key: lease.connection for lease in fresh}.values():
            await self._open_adapter(connection)
        metrics.GATES_OWNED.set(len(self.practices))

    def claimable(self, free: int) -> bool:
        """Another claim is worth its statement at once: the last brought all that it asked for, and there is room."""
        return self.claim_wanted and self._gates_wanted(free, idle=False) > 0

    def _gates_wanted(self, free: int, *, idle: bool) -> int:
        busy = free < self._settings.poster_calls
        return self._room.gates(self.practices.values(), free, in_batches=busy and not idle)

    def _add(self, claimed: ClaimedGate) -> PracticeLease:
        before = self.practices.get(claimed.gate)
        if before is not None:
            # Our own earlier lease, which ran out unnoticed (a freeze): its calls end as those of another owner.
            before.lost = True
            self._forget(before)
        connection = self._connection_of(claimed)
        lease = PracticeLease(claimed.gate, claimed.epoch, connection)
        lease.duplicate_checks_due = claimed.duplicate_checks
        self.practices[lease.gate] = lease
        connection.practices += 1
        return lease

    def _connection_of(self, claimed: ClaimedGate) -> ConnectionLease:
        """The lease that is held of its connection, or a new one."""
        held = self.connections.get(claimed.connection)
        if held is not None and not held.lost:
            held.epoch = claimed.connection_epoch
        else:
            if held is not None:
                held.released = True
            held = self.connections[claimed.connection] = ConnectionLease(
                claimed.connection,
                epoch=claimed.connection_epoch,
                route=claimed.route,
                target_name=claimed.target.value,
                times=times_of_route(claimed.route, self._settings),
                limiter=claimed.limiter or Limiter(),
                breaker=claimed.breaker or HEALTHY,
            )
        if held.changed_at != claimed.changed_at:
            held.changed_at, held.stored, held.stale = claimed.changed_at, claimed.stored_connection, True
        return held

    async def _open_adapter(self, connection: ConnectionLease) -> None:
        if not connection.stale:
            return
        try:
            await self._adapters.open_for(connection)
        except UnusableConnectionError as error:
            _LOG.warning(
                "a connection cannot be used",
                practice_id=connection.key.home_practice_id,
                connection_id=connection.key.connection_id,
                code=error.code,
            )
            self._health.close(connection, Closing(error.reason))

    async def keep_renewed(self) -> None:
        """Renews each third of the shortest lease held, until cancelled."""
        while True:
            held = self.connections.values()
            await asyncio.sleep(min((each.times.renew_s for each in held), default=IDLE_RENEWAL_S))
            if self.connections:
                await self._renew(list(self.practices.values()), list(self.connections.values()))

    async def _renew(self, practices: list[PracticeLease], connections: list[ConnectionLease]) -> None:
        epochs = [each.epoch for each in connections]
        try:
            our_gates, our_connections = await self._store.renew(practices, connections)
        except psycopg.Error as error:
            # Leases run on; the next try comes in a third. A mark asks the ledger for what is left of them.
            _LOG.warning("leases could not be renewed", error=type(error).__name__)
            return
        for lease in practices:
            lease.lost = lease.lost or lease.gate not in our_gates
        for each, epoch in zip(connections, epochs, strict=True):
            # Another epoch: claimed again meanwhile, by ourselves.
            each.lost = each.lost or (each.key not in our_connections and each.epoch == epoch)

    def give_up(self) -> None:
        """The ledger could not be used: nothing more is started under what is held, and it is taken up anew."""
        self._unsure = self.claim_wanted = True
        for lease in list(self.practices.values()):
            lease.lost = True
            if not lease.in_flight:
                self._forget(lease)

    async def take_up(self) -> None:
        """After an error of the ledger, once it can be used: give back what this process held, or may hold without
        knowing it, so that no practice stands still for the rest of a lease (law 21).

        Gates with calls in flight are kept until these have ended. An earlier mark without an answer is in doubt with
        the next claim, like that of any other owner.
        """
        if not self._unsure or self._releasing is not None:
            return
        disowned = await self._store.disown(self.practices, self.connections)
        self._unsure = False
        self.claim_wanted = True
        if disowned:
            _LOG.info("gates are taken up again after an error of the ledger", count=len(disowned))

    def release_finished(self, busy: bool) -> None:
        """Start to release gates that are finished, several together and beside the loop: a release is the longest of
        the poster's statements. `busy`: calls are in flight, so it can wait for more."""
        # What was learned of a connection is stored under its lease, by the next iteration: only then is it given back.
        finished = [
            each for each in self.practices.values() if each.finished and not self._health.owes(each.connection)
        ]
        if not finished or self._releasing is not None:
            return
        now = time.monotonic()
        for lease in finished:
            lease.finished_at = lease.finished_at or now
        waited_s = now - min(lease.finished_at for lease in finished)
        if busy and len(finished) < RELEASE_BATCH and waited_s < RELEASE_AFTER_S:
            return
        self._releasing = asyncio.create_task(self._release(finished))

    async def release_all(self) -> None:
        """At the end: release everything that has nothing in flight."""
        if self._releasing is not None:
            await self._releasing
        await self._release([lease for lease in self.practices.values() if not lease.in_flight])

    async def _release(self, leases: list[PracticeLease]) -> None:
        for lease in leases:
            self._room.released(lease)
            self._forget(lease)
        try:
            # Lost ones too: what another owner has meanwhile is left alone, and what was only given up is free at once.
            if leases:
                await self._store.release(leases, NO_PROGRESS_PAUSE_S)
            await self._release_unused_connections()
        except psycopg.Error as error:
            # Their leases run out by themselves.
            _LOG.warning("gates could not be released", error=type(error).__name__, count=len(leases))
        finally:
            self._releasing = None
            self.claim_wanted = True
            self._wake()
        metrics.GATES_OWNED.set(len(self.practices))

    async def _release_unused_connections(self) -> None:
        unused = [each for each in self.connections.values() if each.practices == 0 and not each.in_flight]
        for each in unused:
            each.released = True
            del self.connections[each.key]
        held = [each for each in unused if not each.lost]
        if held:
            await self._store.release_connections(held)

    def _forget(self, lease: PracticeLease) -> None:
        if self.practices.get(lease.gate) is lease:
            del self.practices[lease.gate]
            lease.connection.practices -= 1


def _with_older_marks(claimed: Sequence[ClaimedGate], fresh: Sequence[PracticeLease]) -> list[PracticeLease]:
    """The leases in whose gates an earlier owner left marks: the claim has seen them, so that nothing else is asked."""
    return [lease for gate, lease in zip(claimed, fresh, strict=True) if gate.older_marks]
