"""What waits for a person at one practice: the most money first, each with why it waits and what ends it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from schemas.vocabulary import State, Target
from sinks.operations.ledger import Connection
from sinks.operations.queries.waiting_entries import WaitingEntry, waiting_entries
from sinks.operations.queries.waiting_events import WaitingEvent, waiting_events
from sinks.operations.words.deeds import Deed, deeds_of
from sinks.operations.words.explanations import reason_words
from sinks.operations.words.states import STATE_WORDS

LOOKED_AT: Final = 500
"""Entries, and events, of which the order is made: those that have waited longest."""


class ToDo(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that waits. `parts`: what goes the same way with it, such as its fee."""

    id: str
    """As `entries post` takes it: of an entry like e:42, of an event like v:0123456789ab."""
    subject: str
    target: str | None
    what: str
    state: State
    state_words: str
    words: str
    amount_minor: int | None
    currency: str | None
    since: datetime
    parts: int
    deeds: tuple[Deed, ...]

    @property
    def is_entry(self) -> bool:
        return self.id.startswith("e:")


class ToDoList(msgspec.Struct, frozen=True, kw_only=True):
    """In the order in which they matter: amount, whatever its sign, then age."""

    items: tuple[ToDo, ...]
    more_than: int | None
    """So many entries or events were looked at, and there may be more; None: these are all."""


def to_do(connection: Connection, practice_id: str, *, looked_at: int = LOOKED_AT) -> ToDoList:
    """Blocks for four statements; ConfigurationError for an unknown practice."""
    entries = waiting_entries(connection, practice_id, None, looked_at)
    events = waiting_events(connection, practice_id, None, looked_at)
    found = [*_of_entries(entries), *map(_of_event, events)]
    return ToDoList(
        items=tuple(sorted(found, key=lambda each: (-abs(each.amount_minor or 0), each.since, each.id))),
        more_than=looked_at if looked_at in (len(entries), len(events)) else None,
    )


def _of_entries(entries: Iterable[WaitingEntry]) -> list[ToDo]:
    """A part whose entry waits too is no thing of its own. Pure."""
    listed = list(entries)
    numbers = {each.effect_id for each in listed}
    parts: dict[int, int] = {}
    for each in listed:
        if each.part_of in numbers and each.part_of is not None:
            parts[each.part_of] = parts.get(each.part_of, 0) + 1
    return [_of_entry(each, parts.get(each.effect_id, 0)) for each in listed if each.part_of not in numbers]


def _of_entry(entry: WaitingEntry, parts: int) -> ToDo:
    state, target = State(entry.state), Target(entry.target)
    return ToDo(
        id=entry.id,
        subject=entry.subject,
        target=entry.target,
        what=f"{entry.entry_kind} {entry.part}".rstrip(),
        state=state,
        state_words=STATE_WORDS[state].one,
        words=reason_words(entry.reason, entry.target),
        amount_minor=entry.amount_minor,
        currency=entry.currency,
        since=entry.changed_at,
        parts=parts,
        deeds=tuple(deeds_of(state, target)),
    )


def _of_event(event: WaitingEvent) -> ToDo:
    state = State(event.state)
    return ToDo(
        id=event.id,
        subject=event.subject,
        target=None,
        what=event.event_type,
        state=state,
        state_words=STATE_WORDS[state].one,
        words=reason_words(event.reason, None),
        amount_minor=event.amount_minor,
        currency=event.currency,
        since=event.changed_at,
        parts=0,
        deeds=tuple(deeds_of(state)),
    )
