"""Stores what the checks before the mark kept back, under the practice's lock (law 8)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from schemas.vocabulary import FINAL, FOUND_AT_TARGET, RELEASED_BY_PERSON, DecisionReason
from sinks.ledger.named_queries import named_queries
from sinks.poster import counters
from sinks.poster.closed_periods import NotSent
from sinks.poster.ledger_access import LedgerAccess
from sinks.poster.planned_call import ConnectionKey, EffectKey, PlannedCall
from sinks.poster.publications import of_check, publish
from sinks.poster.read_rows import read_rows

_SQL: Final = named_queries("sinks.poster", "held_before_send.sql")


class _After(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    """Business time once the locks are held."""


class HeldBeforeSend:
    """Gathers them during one round and stores them together; rare, so it costs the others nothing."""

    def __init__(self, access: LedgerAccess) -> None:
        self._access = access
        self._gathered: list[tuple[PlannedCall, ConnectionKey, NotSent]] = []
        self._put_off: list[tuple[PlannedCall, datetime]] = []

    def add(self, call: PlannedCall, connection: ConnectionKey, found: NotSent) -> None:
        """To be stored with the next `store`. Returns at once."""
        self._gathered.append((call, connection, found))

    def put_off(self, call: PlannedCall, until: datetime) -> None:
        """To be due at `until`, with the next `store`; its state stays (T-6). Returns at once."""
        self._put_off.append((call, until))

    async def store(self) -> None:
        """1. Lock the practices, sorted. 2. In a later statement, write what still holds. 3. Results, dead letters.

        Raises psycopg.Error; then nothing is stored, and a later plan finds the same again.
        """
        gathered, self._gathered = self._gathered, []
        put_off, self._put_off = self._put_off, []
        rows = [_row(call, connection, found) for call, connection, found in gathered]
        later = [{"p": call.practice_id, "n": call.effect_id, "until": until} for call, until in put_off]
        calls = [call for call, _, _ in gathered] + [call for call, _ in put_off]
        practices = sorted({call.practice_id for call in calls})
        now = self._access.clock.now()
        async with self._access.connect() as connection, connection.transaction():
            await connection.execute(_SQL["lock_practices"], {"practice_ids": practices})
            # By the clock after the wait: whoever held the locks may have saved settings that are in force by now.
            (since,) = await read_rows(
                connection, _After, _SQL["after_locks"], {"now": self._access.clock.for_database()}
            )
            parameters = {"items": msgspec.json.encode(rows).decode(), "now": since.at}
            if later:
                waits = {"items": msgspec.json.encode(later).decode(), "now": since.at}
                await connection.execute(_SQL["put_off"], waits)
            stored = set(await read_rows(connection, EffectKey, _SQL["hold"], parameters))
            if any(found.reason is DecisionReason.PROBABLY_TYPED_IN for _, _, found in gathered):
                await connection.execute(_SQL["remember_typed_in"], parameters)
            if any(found.state in FINAL for _, _, found in gathered):
                stored |= set(await read_rows(connection, EffectKey, _SQL["end"], parameters))
            applied = [(call, found) for call, _, found in gathered if call.key in stored]
            publications = [of_check(call, found) for call, found in applied]
            await publish(connection, publications, now, self._access.group)
        for call, found in applied:
            counters.moved(call.target.value, call.state.value, found.state.value)


def _row(call: PlannedCall, connection: ConnectionKey, found: NotSent) -> dict[str, Any]:
    return {
        "p": call.practice_id,
        "c": call.connection_id,
        "home": connection.home_practice_id,
        "n": call.effect_id,
        "from_state": call.state.value,
        "to_state": found.state.value,
        "reason": None if found.reason is None else found.reason.value,
        "version": call.switches.settings_version,
        "dead": found.dead,
        "held": found.state in RELEASED_BY_PERSON,
        "read": found.reason in FOUND_AT_TARGET,
        "ends": found.state in FINAL,
    }
