"""Files of events: JSON lines, one event each with its `type`, as `writeback send` takes them.

A line is read strictly: an unknown field, a float for an amount or a text for a number is refused by name. What is
refused is reported by line, field and reason, without quoting the data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, BinaryIO, Final

import msgspec

from schemas.codec import EVENTS_BY_NAME, Unencodable
from schemas.events import Event
from schemas.validation.events import Invalid
from schemas.vocabulary import DeadLetterReason
from streams.kafka.producer import checked_value
from streams.runtime.did_you_mean import nearest

LINE_BYTES: Final = 32 * 1024 * 1024
"""Longest line that is read: a payout of 4 MiB is at most some 20 MB as JSON."""

_PLACE: Final = re.compile(r" - at `\$\.?([^`]*)`$")
_INDEX: Final = re.compile(r"\[(\d*)\.*\]")
_QUOTED_ENUM: Final = "Invalid enum value"
_EXPECTED: Final = re.compile(r"^Expected `([^`]+)`, got `([^`]+)`$")
_IN_WORDS: Final = {
    "int": "a whole number without quotes or decimals",
    "float": "a number",
    "str": "a text in quotes",
    "bool": "true or false without quotes",
    "datetime": "an instant as text with its offset, like 2026-03-02T15:04:05Z",
    "date": "a day as text, like 2026-03-02",
    "array": "a list in [ ]",
    "object": "an object in { }",
    "null": "null",
}
"""Python's names of types, which msgspec uses, in the words of a JSON file."""
_NOT_ONE: Final = {"Invalid RFC3339 encoded datetime": "datetime", "Invalid RFC3339 encoded date": "date"}
"""msgspec's messages about a text that should be one of these."""


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A line that is not sent."""

    line: int
    field: str
    reason: DeadLetterReason
    problem: str


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A line that is a valid event."""

    line: int
    event: Event


def read_events(file: BinaryIO, now: datetime) -> Iterator[Accepted | Refused]:
    """Each line's event or why it is refused; empty lines are left out. Holds one line in memory."""
    for number, line in _lines(file):
        if line is None:
            problem = f"the line is longer than {LINE_BYTES} bytes"
            yield Refused(line=number, field="", reason=DeadLetterReason.TOO_LARGE, problem=problem)
        elif line.strip():
            yield _read(number, line, now)


def _read(number: int, line: bytes, now: datetime) -> Accepted | Refused:
    try:
        event = parse_event(line)
        checked_value(event, now)
    except Invalid as error:
        return Refused(line=number, field=error.field, reason=error.reason, problem=error.problem)
    except Unencodable as error:
        return Refused(line=number, field="", reason=DeadLetterReason.INVALID_FIELD, problem=str(error))
    return Accepted(line=number, event=event)


def parse_event(line: bytes) -> Event:
    """The event of one JSON line, not yet validated. Invalid names the field and what it takes."""
    try:
        values: Any = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Invalid(DeadLetterReason.UNDECODABLE, "", "the line is not JSON") from None
    if not isinstance(values, dict):
        raise Invalid(DeadLetterReason.UNDECODABLE, "", "the line is not a JSON object")
    named = values.pop("type", None)
    kind = EVENTS_BY_NAME.get(named) if isinstance(named, str) else None
    if kind is None:
        hint = nearest(named, EVENTS_BY_NAME) if isinstance(named, str) else ""
        raise Invalid(DeadLetterReason.UNKNOWN_SCHEMA, "type", f"is not an event type of the contract{hint}")
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise _explained(error) from None


def _explained(error: msgspec.ValidationError) -> Invalid:
    """msgspec's message by field, without the value that it quotes for enums."""
    text = str(error)
    found = _PLACE.search(text)
    field = _INDEX.sub(r".\1", found.group(1)) if found else ""
    problem = text[: found.start()] if found else text
    if problem.startswith(_QUOTED_ENUM):
        return Invalid(DeadLetterReason.UNKNOWN_ENUM, field, "is not one of the values that the contract knows")
    if problem.startswith("Object missing required field"):
        field = f"{field}.{problem.split('`')[1]}".lstrip(".")
        problem = "is missing"
    elif problem.startswith("Object contains unknown field"):
        field = f"{field}.{problem.split('`')[1]}"[:80].lstrip(".")
        problem = "is not a field of this event"
    elif (named := _NOT_ONE.get(problem)) is not None:
        problem = f"takes {_IN_WORDS[named]}; this is a text that is not written so, or names no day that there is"
    elif (types := _EXPECTED.match(problem)) is not None:
        problem = f"takes {_in_words(types.group(1))}; this is {_in_words(types.group(2))}"
    return Invalid(DeadLetterReason.INVALID_FIELD, field, problem)


def _in_words(types: str) -> str:
    return " or ".join(_IN_WORDS.get(each, each) for each in types.split(" | "))


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    number = 0
    while line := file.readline(LINE_BYTES + 1):
        number += 1
        if len(line) > LINE_BYTES:
            while line and not line.endswith(b"\n"):
                line = file.readline(LINE_BYTES)
            yield number, None
        else:
            yield number, line
