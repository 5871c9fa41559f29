"""Bounds whatever a target sends before it is used: JSON, ids, and what an adapter answers (law 29).

An adapter checks what it reads, and whoever calls one checks what it answers again: a value that breaks a bound makes
that one answer an answer that proves nothing. So no target can bring the ledger a text that it refuses, or the program
a number that it computes on for ever.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any, Final

import msgspec

from sinks.targets.port import (
    Accepted,
    Answer,
    Found,
    NoAnswer,
    NothingSent,
    OriginReading,
    Posted,
    Prepared,
    ReadFailed,
    Refused,
    Scope,
)

ID_LIMIT: Final = 64
"""Characters of a target's id, all printable ASCII."""
MOST_FOUND: Final = 100
"""Ids of one read-back that are kept: two are enough for a person to decide."""
MOST_CHARGES: Final = 5_000
"""Open charges of one patient."""
LONGEST_WAIT_S: Final = 3_600.0
LONGEST_INSTANT: Final = 40
"""Characters of a date or of an instant."""
YEARS: Final = range(1900, 2201)
"""Those of an instant: at the ends of the calendar no zone can be changed, and no time added."""
UNREADABLE_ID: Final = "UNREADABLE_ID"
"""Code of an answer with an id that cannot be stored."""

_ID: Final = re.compile(r"[!-~]{1,64}")
_OFFSET: Final = re.compile(r"([+-])(0[0-9]|1[0-5]):([0-5][0-9])")
_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def parsed_json(body: bytes) -> Any:
    """The document, or None where the body is none: cut off, not UTF-8, lone surrogates, nested without end, numbers
    out of range. Pure, never raises."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError, OverflowError):
        return None


def parsed_instant(text: object, *, without_zone: tzinfo | None = UTC) -> datetime | None:
    """An instant in ISO 8601, in UTC; None for anything else, and for a year out of `YEARS`. Pure, never raises.

    `without_zone`: of an instant that names no zone; None: such a one is no instant.
    """
    if not isinstance(text, str) or len(text) > LONGEST_INSTANT:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=without_zone)
    if found.year not in YEARS or found.tzinfo is None:
        return None
    return found.astimezone(UTC)


def parsed_wall_clock(text: object) -> datetime | None:
    """Day and time of an instant in ISO 8601 as they are written there, without its zone: what a wall clock shows. None
    for anything else, and for a year out of `YEARS`. Pure, never raises."""
    if not isinstance(text, str) or len(text) > LONGEST_INSTANT:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=None) if found.year in YEARS else None


def parsed_offset(text: object) -> timezone | None:
    """A zone as +hh:mm or -hh:mm, at most 15 hours away; None for anything else. Pure, never raises."""
    named = _OFFSET.fullmatch(text) if isinstance(text, str) else None
    if named is None:
        return None
    away = timedelta(hours=int(named[2]), minutes=int(named[3]))
    return timezone(away if named[1] == "+" else -away)


def parsed_day(text: object) -> date | None:
    """The day of a date or of an instant in ISO 8601, as it is written there. None for anything else. Pure, never
    raises."""
    if not isinstance(text, str) or len(text) > LONGEST_INSTANT:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def bounded_seconds(value: object, most: float) -> float | None:
    """A number of seconds above 0 and at most `most`; None for anything else. Pure, never raises."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
        return None
    return float(value)


def is_id(text: object) -> bool:
    """Whether a target's id can be stored, and said on one line."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None and not text.endswith("/")


def bounded_answer(answer: Answer) -> Answer:
    """The answer to a write; NoAnswer where it holds what nobody can store. Pure."""
    request_id = getattr(answer, "vendor_request_id", None)
    if request_id is not None and not is_id(request_id):
        answer = msgspec.structs.replace(answer, vendor_request_id=None)
    match answer:
        case Posted() | Accepted():
            stored = answer.external_id is None or is_id(answer.external_id)
            return answer if stored else NoAnswer(code=UNREADABLE_ID, answered=True)
        case Refused():
            wait_s = _bounded_wait(answer.retry_after_s)
            return msgspec.structs.replace(answer, code=_bounded_code(answer.code), retry_after_s=wait_s)
        case NoAnswer():
            seen_id = answer.seen_id if is_id(answer.seen_id) else None
            return msgspec.structs.replace(answer, code=_bounded_code(answer.code), seen_id=seen_id)
        case NothingSent():
            return msgspec.structs.replace(answer, code=_bounded_code(answer.code))


def bounded_reading(reading: Found | ReadFailed) -> Found | ReadFailed:
    """What a read-back says; ReadFailed where an entry of ours has an id that nobody can store. Pure."""
    if isinstance(reading, ReadFailed):
        return _bounded_failure(reading)
    if not all(is_id(each) for each in (*reading.external_ids, *reading.differing_ids, *reading.possible_ids)):
        return ReadFailed(scope=Scope.EFFECT, reason=None, code=UNREADABLE_ID)
    return msgspec.structs.replace(
        reading,
        external_ids=reading.external_ids[:MOST_FOUND],
        differing_ids=reading.differing_ids[:MOST_FOUND],
        possible_ids=reading.possible_ids[:MOST_FOUND],
    )


def bounded_origin(reading: OriginReading | ReadFailed) -> OriginReading | ReadFailed:
    """What a read of an original says. Pure."""
    return _bounded_failure(reading) if isinstance(reading, ReadFailed) else reading


def bounded_prepared(read: Prepared | ReadFailed) -> Prepared | ReadFailed:
    """What was read before a posting; ReadFailed where it breaks a bound. Pure."""
    if isinstance(read, ReadFailed):
        return _bounded_failure(read)
    sound = (read.posts_to == "" or is_id(read.posts_to)) and len(read.charges) <= MOST_CHARGES
    if sound and all(is_id(charge.ref) for charge in read.charges):
        return read
    return ReadFailed(scope=Scope.EFFECT, reason=None, code=UNREADABLE_ID)


def _bounded_failure(failed: ReadFailed) -> ReadFailed:
    wait_s = _bounded_wait(failed.retry_after_s)
    return msgspec.structs.replace(failed, code=_bounded_code(failed.code), retry_after_s=wait_s)


def _bounded_code(code: str) -> str:
    return code if _CODE.fullmatch(code) else "UNREADABLE"


def _bounded_wait(seconds: float | None) -> float | None:
    if seconds is None or not math.isfinite(seconds):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT_S)
