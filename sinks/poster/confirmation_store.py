"""Confirmations in the ledger: positive answers from whatever state, all others fenced (laws 19 and 20)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from schemas.topics import TopicName
from schemas.vocabulary import Stage, State
from sinks.ledger.named_queries import named_queries
from sinks.poster import counters
from sinks.poster.call_outcome import Outcome
from sinks.poster.confirmation_rows import Confirmation, other_row, positive_row
from sinks.poster.duplicate_check import wake_for_checks
from sinks.poster.ledger_access import LedgerAccess
from sinks.poster.planned_call import EffectKey
from sinks.poster.publications import of_duplicate, of_outcome, publish
from sinks.poster.read_rows import read_rows
from sinks.poster.sightings import keep_sightings
from streams.fault_injection import Control, disabled

_SQL: Final = named_queries("sinks.poster", "confirmations.sql")
_pack = msgspec.json.encode


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """An effect that a positive answer made POSTED."""

    practice_id: str
    effect_id: int
    check_again: bool
    """Another attempt of it is in doubt: it is read again for a duplicate when that has settled."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """An effect that a positive answer left as it is."""

    practice_id: str
    effect_id: int
    state: State
    external_id: str | None


class ConfirmationStore:
    """The confirmations of one poster process."""

    def __init__(self, access: LedgerAccess) -> None:
        self._access = access

    async def store(self, batch: Sequence[Confirmation]) -> set[EffectKey]:
        """Store a batch; answers the effects that it changed, without those that a newer owner had taken over.

        1. Positive answers with attempts and results. 2. The others, fenced, with their results and dead letters, in
        one transaction: those first that lock gates. 3. A second proof of the same entry, each by itself: a statement
        writes a row once, so that it would be taken for the first, and a double not be seen. 4. Wake the gates of
        entries to be read again. Raises psycopg.Error; a commit of unknown outcome may be repeated, as may one behind
        which a later step failed: what stands already, as it was proven, counts as stored.

        Rows are locked in the order of their keys, and none is held while gates are waited for (PROTOCOL section 4).
        """
        ordered = sorted(batch, key=lambda item: item.outcome.call.key)
        positive, again = _apart([item for item in ordered if item.outcome.verdict.positive])
        others = [item for item in ordered if not item.outcome.verdict.positive]
        now = self._access.clock.now()
        changed: set[EffectKey] = set()
        posted: list[Confirmed] = []
        async with self._access.connect() as connection:
            if positive:
                posted = await self._positive(connection, positive, now, changed)
            if others:
                async with connection.transaction():
                    for fenced_by_gate in (True, False):
                        if part := [item for item in others if _by_gate(item) is fenced_by_gate]:
                            changed |= await self._others(connection, part, now)
            for item in again:
                posted += await self._positive(connection, [item], now, changed)
            if to_check := [_key(row) for row in posted if row.check_again]:
                await wake_for_checks(connection, to_check)
        return changed | {_key(row) for row in posted}

    async def _positive(
        self, connection: AsyncConnection[TupleRow], items: Sequence[Confirmation], now: datetime, known: set[EffectKey]
    ) -> list[Confirmed]:
        """What they made POSTED; what stood already as they prove it is added to `known`."""
        rows = [positive_row(item, now) for item in items]
        parameters = {
            "items": _pack(rows).decode(),
            "now": self._access.clock.for_database(),
            "results_topic": TopicName.RESULTS.value,
            "fenced": disabled(Control.KEEP_POSITIVE),
        }
        posted = await read_rows(connection, Confirmed, _SQL["confirm_posted"], parameters)
        changed = {_key(row) for row in posted}
        left_out = [item.outcome for item in items if item.outcome.call.key not in changed]
        if left_out and not disabled(Control.KEEP_POSITIVE):
            known |= await self._stood_already(connection, left_out, now)
        return posted

    async def _stood_already(
        self, connection: AsyncConnection[TupleRow], outcomes: Sequence[Outcome], now: datetime
    ) -> set[EffectKey]:
        """A second proof of the same entry is none, and answered; one of another entry, or beside a person's record, is
        a double."""
        parameters: dict[str, Any] = {
            "practice_ids": [outcome.call.practice_id for outcome in outcomes],
            "effect_ids": [outcome.call.effect_id for outcome in outcomes],
        }
        found = await read_rows(connection, Standing, _SQL["stands_already"], parameters)
        standing = {EffectKey(row.practice_id, row.effect_id): row for row in found}
        doubles = []
        proven_again: set[EffectKey] = set()
        for outcome in outcomes:
            known = standing[outcome.call.key]
            if known.state is State.POSTED and known.external_id in outcome.external_ids:
                proven_again.add(outcome.call.key)
                continue
            counters.doubled(outcome.call.target.value)
            doubles.append(of_duplicate(outcome.call, outcome.phase, outcome.attempt))
        await publish(connection, doubles, now, self._access.group)
        return proven_again

    async def _others(
        self, connection: AsyncConnection[TupleRow], items: Sequence[Confirmation], now: datetime
    ) -> set[EffectKey]:
        parameters = {
            "items": _pack([other_row(item) for item in items]).decode(),
            "now": self._access.clock.for_database(),
            "unfenced": disabled(Control.EPOCH),
            "me": self._access.me,
        }
        changed = set(await read_rows(connection, EffectKey, _SQL["confirm_others"], parameters))
        await keep_sightings(connection, [item.outcome for item in items], {"now": parameters["now"]})
        dead = [item.outcome for item in items if item.outcome.verdict.reason is not None]
        publications = [of_outcome(outcome) for outcome in dead if outcome.call.key in changed]
        await publish(connection, publications, now, self._access.group)
        return changed


def _by_gate(item: Confirmation) -> bool:
    return item.outcome.phase is not Stage.POST


def _key(row: Confirmed) -> EffectKey:
    return EffectKey(row.practice_id, row.effect_id)


def _apart(items: Sequence[Confirmation]) -> tuple[list[Confirmation], list[Confirmation]]:
    """One proof of each entry, and those that came together with it."""
    first: dict[EffectKey, Confirmation] = {}
    again = [item for item in items if first.setdefault(item.outcome.call.key, item) is not item]
    return list(first.values()), again
