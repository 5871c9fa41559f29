"""Reads the ids of entries that people type."""

from __future__ import annotations


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
