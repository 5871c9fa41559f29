"""Counts a practice's entries that are not final, so that an action can say which of them it sets going."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from schemas.vocabulary import OPEN
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all
from sinks.operations.ledger import Connection

_SQL: Final = named_queries("sinks.operations.queries", "open_entries.sql")
REDECIDED: Final = "DECIDED_AGAIN"
"""Beside the states of entries: parked events that INTAKE asks RULES to decide again."""


class StateChange(msgspec.Struct, frozen=True, kw_only=True):
    """How many entries of a practice are in a state, before and after an action."""

    state: str
    before: int
    after: int


class _Counted(msgspec.Struct, frozen=True):
    state: str
    count: int


def open_entries(connection: Connection, practice_id: str) -> dict[str, int]:
    """By state, those that are not final. Blocks for one statement; in a transaction it sees that one's changes."""
    states = sorted(state.value for state in OPEN)
    parameters = {"practice_id": practice_id, "states": states, "redecided": REDECIDED}
    return {each.state: each.count for each in fetch_all(connection, _Counted, _SQL["open_entries"], parameters)}


def state_changes(before: Mapping[str, int], after: Mapping[str, int]) -> tuple[StateChange, ...]:
    """The states whose counts differ, in their alphabetical order. Pure."""
    states = sorted(before.keys() | after.keys())
    changes = (StateChange(state=each, before=before.get(each, 0), after=after.get(each, 0)) for each in states)
    return tuple(each for each in changes if each.before != each.after)
