"""Reads the ids of entries that people type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sinks.operations.ledger import Connection


def entry_number(text: str) -> int:
    """An entry's id, like e:42. Raises ConfigurationError with what one looks like."""
    from sinks.operations.queries.dead_letters import DeadId
    from streams.runtime.errors import ConfigurationError

    try:
        found = DeadId.parse(text).effect_id
    except ValueError:
        found = None
    if found is None:
        raise ConfigurationError(
            f"{text!r} is no id: an entry's is like e:42, an event's like v:0123456789ab: see `writeback entries list`"
        )
    return found


def seen_versions(ids: Sequence[str]) -> tuple[list[str], dict[int, str]]:
    """Ids without what stands behind their `@`, and that by the entries' numbers: the version that a list showed.
    Raises ConfigurationError for one that is no entry's. Pure."""
    plain, entries, _ = all_seen_versions(ids)
    return plain, entries


def all_seen_versions(ids: Sequence[str]) -> tuple[list[str], dict[int, str], dict[str, str]]:
    """The same with those of events, which a preview says (`--json`), by their ids. Raises as `seen_versions`."""
    plain: list[str] = []
    entries: dict[int, str] = {}
    events: dict[str, str] = {}
    for each in ids:
        name, at, version = each.partition("@")
        if at and name.startswith("e:"):
            entries[entry_number(name)] = version
        elif at and name.startswith("v:"):
            events[name] = version
        else:
            name = each
        plain.append(name)
    return plain, entries, events


def named_things(connection: Connection, practice: str, ids: Sequence[str]) -> tuple[list[int], list[str]]:
    """Numbers of entries and ids of events, each in the order in which they are named. An event is also found by the
    name that letters give it. Blocks for a statement a name; ConfigurationError for what nothing is called."""
    from sinks.operations.queries.dead_letters import DeadId
    from sinks.operations.queries.waiting_events import event_called, is_event_id

    numbers: list[int] = []
    events: list[str] = []
    for each in ids:
        try:
            number = DeadId.parse(each).effect_id
        except ValueError:
            number = None
        if number is not None:
            numbers.append(number)
        else:
            events.append(each if is_event_id(each) else event_called(connection, practice, each))
    return numbers, events
