"""Events with fields of a person's own choice: for trials of what is accepted and of what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from schemas.events import Event
from schemas.validation.events import Invalid
from streams.kafka.event_files import parse_event
from streams.runtime.errors import ConfigurationError


def changed_event(event: Event, given: Sequence[str]) -> Event:
    """The event with `given` fields, each `FIELD=VALUE`: JSON where it is some, else text. Not validated. Pure.

    Raises ConfigurationError that names the field, for one that the type does not have or cannot hold.
    """
    values: dict[str, Any] = msgspec.to_builtins(event)
    for each in given:
        field, separator, text = each.partition("=")
        if not separator or not field:
            raise ConfigurationError(f"--set: {each!r} is no FIELD=VALUE, such as gross_minor=5000")
        values[field] = _value(text)
    try:
        return parse_event(msgspec.json.encode(values | {"type": type(event).__name__}))
    except Invalid as error:
        raise ConfigurationError(f"--set: {error.field} {error.problem}") from None


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
