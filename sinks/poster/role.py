"""The POSTER role: the process around the loop."""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
import socket
import sys
from collections.abc import Callable, Collection
from typing import Any, Final

from sinks.ledger.role_slots import RoleSlot
from sinks.poster.connection_pool import open_pool, prepare
from sinks.poster.ledger_access import LedgerAccess
from sinks.poster.ledger_history import LedgerHistory
from sinks.poster.loop import Poster
from sinks.poster.publish_heartbeats import HeartbeatPublisher
from sinks.poster.wakeup import listen
from sinks.targets.credentials import KeyRing
from sinks.targets.route import AdapterContext
from streams.runtime.endpoints import Health
from streams.runtime.errors import Role
from streams.runtime.lifecycle import Stop
from streams.runtime.logging import log
from streams.runtime.loopback import require_loopback
from streams.settings import ProgramSettings

GROUP: Final = "poster"
"""Names the poster in the headers of its dead letters; it consumes no topic."""

GC_THRESHOLDS: Final = (10_000, 20, 20)
"""Nearly all of a call's objects go when it ends, by their counts: looking for cycles as often as Python does by itself
cost 16 to 29 % of the role, in three interleaved rounds. What was imported is left out of it."""

CANCEL_AGAIN_S: Final = 1.0
"""A helper that was cancelled and still runs after this is cancelled once more."""

_LOG: Final = log(__name__)


def run(settings: ProgramSettings, stop: Stop, health: Health) -> int:
    """Post what is due until stopped; returns the exit code 0. Blocks.

    Several may run side by side, each with a slot of its own. Raises ConfigurationError for a ledger without standbys
    that nobody accepted (law 4), and for a rehearsal switch while a target is not on loopback; Fenced, after calls in
    flight have ended, when a newer process has this slot.
    """
    slot = RoleSlot(Role.POSTER, settings.slot)
    history = LedgerHistory(settings)
    addresses = prepare(settings, slot, history, stop, health)
    if addresses is None:
        return 0
    require_loopback(settings.unsafe_switches(), addresses)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    runner: Callable[..., Any] = asyncio.run
    if sys.platform != "win32":
        import uvloop

        runner = uvloop.run
    try:
        runner(_poster(settings, slot, history, stop, health))
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
    finally:
        history.close()
    return 0


async def _poster(
    settings: ProgramSettings, slot: RoleSlot, history: LedgerHistory, stop: Stop, health: Health
) -> None:
    me = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    pool = open_pool(settings, history=history)
    owning = open_pool(settings, owning=True, history=history)
    await pool.open(wait=True)
    await owning.open(wait=True)
    access = LedgerAccess(
        connect=pool.connection,
        owning=owning.connection,
        clock=settings.clock(),
        me=me,
        group=settings.prefixed(GROUP),
        history=history,
    )
    adapter_context = AdapterContext(settings=settings, keys=KeyRing.of(settings), connect=pool.connection)
    poster = Poster(settings, access, adapter_context, health, slot)
    stopping = stop.watch()
    try:
        await _run_with_helpers(poster, settings, stopping)
    finally:
        await poster.close()
        await owning.close()
        await pool.close()


async def _run_with_helpers(poster: Poster, settings: ProgramSettings, stopping: asyncio.Event) -> None:
    """The loop, with its helper tasks beside it; an error in any of them ends the role."""
    publisher = HeartbeatPublisher(settings, poster.heartbeats)
    async with asyncio.TaskGroup() as tasks:
        helpers = [
            tasks.create_task(poster.confirmer.run(), name="confirm"),
            tasks.create_task(poster.leases.keep_renewed(), name="leases"),
            tasks.create_task(poster.post_times.run(), name="times"),
            tasks.create_task(listen(settings.database_url, poster.notified), name="listen"),
            tasks.create_task(publisher.run(), name="heartbeats"),
            tasks.create_task(_wake_at_stop(poster, stopping), name="stop"),
        ]
        try:
            await poster.run(stopping)
        finally:
            await cancel_all(helpers)


async def cancel_all(helpers: Collection[asyncio.Task[Any]]) -> None:
    """Cancel tasks until all have ended. Where a connection breaks in just that moment, the driver raises an error of
    its own in the cancellation's place, and a task that goes on after such errors would go on for ever."""
    left = set(helpers)
    while left:
        for helper in left:
            helper.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_S)


async def _wake_at_stop(poster: Poster, stopping: asyncio.Event) -> None:
    await stopping.wait()
    poster.wake()
