"""Entries that wait for a person, and what decides about those that one names (PROTOCOL section 3)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Final

import msgspec

from schemas.vocabulary import NEEDS_PERSON, State
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all
from sinks.operations.ledger import Connection
from sinks.operations.queries.practices import check_practice
from sinks.operations.roles import View
from sinks.operations.viewing import sees

_SQL: Final = named_queries("sinks.operations.queries", "waiting_entries.sql")


class WaitingEntry(msgspec.Struct, frozen=True):
    """One that waits for a person."""

    effect_id: int
    subject: str
    target: str
    entry_kind: str
    part: str
    state: str
    reason: str
    last_code: str | None
    amount_minor: int
    currency: str
    ledger_date: date
    changed_at: datetime
    assigned_to: str | None
    held_by: str | None
    """Who keeps it from going out by itself."""
    version: str
    """As an action takes it, `e:42@VERSION`: what was changed since is refused (E-15)."""
    part_of: int | None
    """The entry of the same plan that it hangs on."""

    @property
    def id(self) -> str:
        return f"e:{self.effect_id}"


class Entry(msgspec.Struct, frozen=True):
    """A named entry, or a part that goes with it."""

    effect_id: int
    head: int
    """The named entry that it belongs to; its own id where it is named itself."""
    source: str
    event_id: str
    subject: str
    target: str
    entry_kind: str
    part: str
    state: str
    reason: str
    planned_reason: str | None
    holds: tuple[str, ...]
    amount_minor: int
    currency: str
    ledger_date: date
    settings_version: int | None
    connection_id: str | None
    depends_on: int | None
    same_plan: bool
    """It depends on an entry of its own event."""
    origin_state: str | None
    in_flight_until: datetime | None
    """Its outcome was in doubt, and its call may still be under way (law 19)."""
    look_first: bool
    """It is read back before anything of it is sent."""
    maybe_sent: bool
    in_use: bool
    """Its connection is the practice's and switched on."""
    capabilities: tuple[str, ...] | None
    linked: bool
    office_level: bool
    version: str
    held: bool
    """A person keeps it from going out by itself."""
    closed_through: date | None
    closed_period: str
    followers: tuple[int, ...]
    """Open entries of other events that wait for it."""

    @property
    def id(self) -> str:
        return f"e:{self.effect_id}"


@sees(View.TRANSACTIONS)
def waiting_entries(
    connection: Connection, practice_id: str, states: Collection[State] | None, most: int
) -> list[WaitingEntry]:
    """Oldest first; of `states`, or all that wait for a person. Blocks for two statements; ConfigurationError for an
    unknown practice."""
    check_practice(connection, practice_id)
    parameters = {
        "practice_id": practice_id,
        "states": sorted(NEEDS_PERSON if states is None else states),
        "in_flight": states is not None,
        "most": most,
    }
    return fetch_all(connection, WaitingEntry, _SQL["waiting"], parameters)


def units(connection: Connection, practice_id: str, effect_ids: Sequence[int], now: datetime | None) -> list[Entry]:
    """The named entries, each followed by its parts; unknown ids are left out. Blocks for one statement."""
    parameters = {"practice_id": practice_id, "effect_ids": list(effect_ids), "now": now}
    return fetch_all(connection, Entry, _SQL["units"], parameters)
