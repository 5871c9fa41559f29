"""Stores the outcomes of calls, many at a time (laws 19 and 20). Answers wait here, never calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

from schemas.vocabulary import Stage, State
from sinks.poster import counters
from sinks.poster.call_outcome import Outcome
from sinks.poster.confirmation_rows import Confirmation, without_its_values
from sinks.poster.confirmation_store import ConfirmationStore
from streams.fault_injection import CrashPoint, reach
from streams.runtime.errors import Transient, category_of
from streams.runtime.logging import log
from streams.runtime.metrics import CONFIRM_SECONDS

GATHER_S: Final = 0.003
"""Confirmations are gathered this long: a commit for each answer costs more than all calls."""
LARGEST: Final = 64
"""Confirmations of one transaction: where answers come together, the first lanes go on before the last is stored."""
PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0
"""Between tries while the ledger is away; each pause is twice the last."""

_OF_THE_SERVER: Final = frozenset({"25", "28", "3D", "55", "58"})
"""SQLSTATE classes that say nothing of a row: read-only after a failover, log-in, no such database, not there, disk."""

_LOG: Final = log(__name__)

OnConfirmed = Callable[[Outcome, bool], None]
"""Called with each outcome when it is committed; with False where it was fenced or could not be stored."""


class Confirmer:
    """One task with one connection at a time. An outcome stays here until it is committed: a positive answer is worth
    any wait, and while the ledger is away nothing new is marked."""

    def __init__(self, store: ConfirmationStore, on_confirmed: OnConfirmed) -> None:
        self._store = store
        self._on_confirmed = on_confirmed
        self._waiting: list[Confirmation] = []
        self._arrived = asyncio.Event()
        self._full = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def submit(self, confirmation: Confirmation) -> None:
        """Hand over an outcome. Returns at once."""
        self._waiting.append(confirmation)
        self._idle.clear()
        self._arrived.set()
        if len(self._waiting) >= LARGEST:
            self._full.set()

    async def drained(self) -> None:
        """Wait until everything that was handed over is committed."""
        await self._idle.wait()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._arrived.wait()
            try:
                async with asyncio.timeout(GATHER_S):
                    await self._full.wait()
            except TimeoutError:
                pass
            self._arrived.clear()
            self._full.clear()
            batch, self._waiting = self._waiting[:LARGEST], self._waiting[LARGEST:]
            if self._waiting:
                self._arrived.set()
            if batch:
                await self._confirm(batch)
            if not self._waiting:
                self._idle.set()

    async def _confirm(self, batch: Sequence[Confirmation]) -> None:
        """Until it is stored. Only an outage is waited for: what fails for itself, in the ledger or on the way to it,
        is cut out of the batch and keeps nobody else's answer back (law 29)."""
        pause = PAUSE_S
        while True:
            began = time.monotonic()
            try:
                stored = await self._store.store(batch)
                break
            except Exception as error:  # noqa: BLE001 - judged here: an outage passes, anything else is a row's own
                if not _passes(error):
                    await self._cut(batch, error)
                    return
                _LOG.warning("results wait for the ledger", error=type(error).__name__, count=len(batch))
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
        CONFIRM_SECONDS.observe(time.monotonic() - began)
        reach(CrashPoint.POSTER_AFTER_CONFIRM)
        for confirmation in batch:
            outcome = confirmation.outcome
            _count(outcome, outcome.call.key in stored)
            self._on_confirmed(outcome, outcome.call.key in stored)

    async def _cut(self, batch: Sequence[Confirmation], error: Exception) -> None:
        """By halves; the one that is refused by itself is stored as an answer that proves nothing."""
        if len(batch) > 1:
            half = len(batch) // 2
            await self._confirm(batch[:half])
            await self._confirm(batch[half:])
            return
        outcome = batch[0].outcome
        _LOG.failure(
            "a result was refused by the ledger; its effect will be read back",
            error,
            practice_id=outcome.call.practice_id,
            effect_id=outcome.call.effect_id,
            to_state=outcome.verdict.state.value,
        )
        if (bare := without_its_values(batch[0])) is not None:
            await self._confirm([bare])
            return
        # Its effect stays SENDING, and its next owner takes it as in doubt.
        self._on_confirmed(outcome, False)


def _passes(error: Exception) -> bool:
    """Whether the same rows can be stored later: the ledger is away, busy, or not ready to be written."""
    sqlstate = getattr(error, "sqlstate", None) or ""
    return category_of(error) is Transient or sqlstate[:2] in _OF_THE_SERVER


def _count(outcome: Outcome, stored: bool) -> None:
    call, verdict = outcome.call, outcome.verdict
    before = State.SENDING if outcome.phase is Stage.POST else call.state
    if stored and verdict.state is not before:
        counters.moved(call.target.value, before.value, verdict.state.value)
    elif not stored and not verdict.positive:
        counters.fenced(call.target.value)
    if stored and verdict.state is State.RETRYING:
        counters.retried(call.target.value, outcome.answer)
