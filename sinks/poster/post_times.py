"""Measures how long entries took to be posted, beside the money path: nothing waits for it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

import msgspec
import psycopg

from schemas.vocabulary import DecisionReason, Target
from sinks.ledger.named_queries import named_queries
from sinks.poster.ledger_access import LedgerAccess
from sinks.poster.planned_call import EffectKey
from sinks.poster.read_rows import read_rows
from streams.runtime.logging import log
from streams.runtime.metrics import POST_SECONDS, POST_SECONDS_MISSED

EVERY_S: Final = 1.0
"""Entries are gathered this long: one question a second, however many were posted."""
AT_ONCE: Final = 500
MOST: Final = 20_000
"""Entries that wait to be measured, while the ledger is away or slow; of more the oldest are missed, and counted."""

_SQL: Final = named_queries("sinks.poster", "post_times.sql")
_LOG: Final = log(__name__)

TIMING_OF: Final = {
    DecisionReason.AUTO_INSTANT: "instant",
    DecisionReason.AUTO_DAILY: "daily",
    DecisionReason.AUTO_LATE: "daily",
    DecisionReason.AUTO_ON_CLEAR: "on_clear",
    DecisionReason.FUNDS_CLEARED: "on_clear",
    DecisionReason.FOLLOWS_ORIGINAL: "follows",
}
"""Why an entry went out when it did (`metric_catalogue.TIMINGS`); every other reason is `other`."""


class PostTime(msgspec.Struct, frozen=True, kw_only=True):
    """A posted entry: seconds until it was proven at its target."""

    target: Target
    reason: str
    since_processed_s: float
    since_received_s: float


class PostTimes:
    """Of one poster process. Used by its event loop; `run` beside the loop, until cancelled."""

    def __init__(self, access: LedgerAccess) -> None:
        self._access = access
        self._posted: deque[EffectKey] = deque()

    def posted(self, key: EffectKey) -> None:
        """An entry was posted, and that is committed. Returns at once."""
        if len(self._posted) >= MOST:
            self._posted.popleft()
            POST_SECONDS_MISSED.inc()
        self._posted.append(key)

    async def run(self) -> None:
        """Measure what was posted, once a second. An error of the ledger's costs the entries in hand, nothing else."""
        while True:
            await asyncio.sleep(EVERY_S)
            while self._posted:
                keys = [self._posted.popleft() for _ in range(min(AT_ONCE, len(self._posted)))]
                try:
                    await self._measure(keys)
                except psycopg.Error as error:
                    POST_SECONDS_MISSED.inc(len(keys))
                    _LOG.warning("times to post could not be read", error=type(error).__name__, count=len(keys))
                    break

    async def _measure(self, keys: list[EffectKey]) -> None:
        given = {
            "practice_ids": [key.practice_id for key in keys],
            "effect_ids": [key.effect_id for key in keys],
        }
        async with self._access.connect() as connection:
            found = await read_rows(connection, PostTime, _SQL["post_times"], given)
        for each in found:
            timing = timing_of(each.reason)
            POST_SECONDS.labels(each.target.value, timing, "processed").observe(each.since_processed_s)
            POST_SECONDS.labels(each.target.value, timing, "received").observe(each.since_received_s)


def timing_of(reason: str) -> str:
    """The timing of an entry that was posted for that reason. Pure."""
    return next((timing for known, timing in TIMING_OF.items() if known.value == reason), "other")
