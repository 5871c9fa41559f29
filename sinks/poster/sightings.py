"""Keeps what reads saw of entries at their target, so that it is read again by id (law 19).

People can edit everything that a search looks for: memo, number, date. An id they cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from sinks.ledger.named_queries import named_queries
from sinks.poster.call_outcome import Outcome
from sinks.poster.ledger_access import LedgerAccess
from sinks.poster.planned_call import EffectKey
from sinks.poster.read_rows import read_rows
from sinks.targets.port import TargetEntry
from streams.fault_injection import Control, disabled

_SQL: Final = named_queries("sinks.poster", "sightings.sql")


class SeenBefore(msgspec.Struct, frozen=True):
    """What of an entry earlier reads saw."""

    known_ids: tuple[str, ...] = ()
    not_ours: tuple[str, ...] = ()

    def into(self, entry: TargetEntry) -> TargetEntry:
        """The entry as a read-back looks for it. Pure."""
        return msgspec.structs.replace(entry, known_ids=self.known_ids, not_ours=self.not_ours)


NOTHING_SEEN: Final = SeenBefore()


class _Seen(msgspec.Struct, frozen=True, kw_only=True):
    external_id: str
    possible: bool
    redriven_since: bool
    """A person had the entry sent again after it was seen."""


async def seen_before(access: LedgerAccess, key: EffectKey) -> SeenBefore:
    """What earlier reads saw of one entry. Raises psycopg.Error."""
    if disabled(Control.KNOWN_IDS):
        return NOTHING_SEEN
    parameters = {"practice_id": key.practice_id, "effect_id": key.effect_id}
    async with access.connect() as connection:
        found = await read_rows(connection, _Seen, _SQL["of_effect"], parameters)
    return SeenBefore(
        known_ids=tuple(each.external_id for each in found if not each.possible),
        not_ours=tuple(each.external_id for each in found if each.possible and each.redriven_since),
    )


async def keep_sightings(
    connection: AsyncConnection[TupleRow], outcomes: Sequence[Outcome], now: dict[str, Any]
) -> None:
    """Add what these outcomes saw, in the caller's transaction. Never fenced: what stands there, stands (law 20).

    Raises psycopg.Error.
    """
    rows = [
        {"p": outcome.call.practice_id, "n": outcome.call.effect_id, "id": each.external_id, "possible": each.possible}
        for outcome in outcomes
        for each in outcome.sightings
    ]
    if rows:
        await connection.execute(_SQL["keep"], now | {"items": msgspec.json.encode(rows).decode()}, prepare=True)
