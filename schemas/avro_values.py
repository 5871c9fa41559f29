"""Between our records and the plain values that Avro reads and writes, by a plan made once per record type.

Instants are microseconds, dates days, times of day milliseconds since midnight; enums are their symbols. Everything
is exact: no float takes part.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from schemas.reasons import DeadLetterReason
from schemas.states import EntryKind
from schemas.wire import Undecodable

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_ZERO: Final = date(1970, 1, 1).toordinal()
_MICROSECOND: Final = timedelta(microseconds=1)
_KEPT: Final = (datetime, date, time, bytes)

Convert = Callable[[Any], Any]
R = TypeVar("R", bound=msgspec.Struct)


class Unencodable(ValueError):  # noqa: N818 - says what it is
    """A record of ours that the contract cannot carry; names the field. A fault of the caller, not of the data."""


def micros(instant: datetime) -> int:
    """Microseconds since 1970 of an aware instant. TypeError for a naive one."""
    return (instant - EPOCH) // _MICROSECOND


def instant(value: int) -> datetime:
    """The aware instant of microseconds since 1970. OverflowError outside the years 1 to 9999."""
    return EPOCH + timedelta(microseconds=value)


def _days(day: date) -> int:
    return day.toordinal() - _DAY_ZERO


def _date(value: int) -> date:
    return date.fromordinal(value + _DAY_ZERO)


def _millis_of_day(at: time) -> int:
    return ((at.hour * 60 + at.minute) * 60 + at.second) * 1000 + at.microsecond // 1000


def _time_of_day(value: int) -> time:
    return (datetime(1970, 1, 1) + timedelta(milliseconds=value)).time()  # noqa: DTZ001 - a wall time has no zone


def _pair_down(pair: tuple[Any, str]) -> dict[str, Any]:
    return {"entry_kind": pair[0], "part": pair[1]}


def _pair_up(value: dict[str, Any]) -> tuple[EntryKind, str]:
    return EntryKind(value["entry_kind"]), value["part"]


def _fees_down(pairs: tuple[tuple[str, int], ...]) -> list[dict[str, Any]]:
    return [{"fee_kind": kind, "amount_minor": amount} for kind, amount in pairs]


def _fees_up(values: list[dict[str, Any]]) -> tuple[tuple[str, int], ...]:
    return tuple((value["fee_kind"], value["amount_minor"]) for value in values)


_SCALARS: Final[dict[Any, tuple[Convert, Convert]]] = {
    datetime: (micros, instant),
    date: (_days, _date),
    time: (_millis_of_day, _time_of_day),
    tuple[EntryKind, str]: (_pair_down, _pair_up),
    tuple[tuple[str, int], ...]: (_fees_down, _fees_up),
}


class Shape(Generic[R]):
    """The plan for one record type."""

    def __init__(self, record: type[R]) -> None:
        self.record = record
        self._down: list[tuple[str, Convert]] = []
        self._up: list[tuple[str, Convert]] = []
        for name, hint in _fields(record):
            down, up = _converters(_unwrap(hint))
            if down is not None:
                self._down.append((name, down))
            if up is not None:
                self._up.append((name, up))

    def to_avro(self, record: R) -> dict[str, Any]:
        """The record's plain values. Unencodable names a field that cannot be carried (a naive instant)."""
        values: dict[str, Any] = msgspec.to_builtins(record, builtin_types=_KEPT)
        return self.lower(values)

    def lower(self, values: dict[str, Any]) -> dict[str, Any]:
        """Turns what msgspec left as it is into plain values, in place."""
        name = ""
        try:
            for name, convert in self._down:
                value = values.get(name)
                if value is not None:
                    values[name] = convert(value)
        except (TypeError, ValueError, OverflowError) as error:
            if isinstance(error, Unencodable):
                raise Unencodable(f"{name}.{error}") from error
            raise Unencodable(f"{name}: not a value that the contract can carry ({type(error).__name__})") from error
        return values

    def from_avro(self, values: dict[str, Any]) -> R:
        """The record. Undecodable names the field that holds an impossible value; the data is not quoted."""
        name = ""
        try:
            for name, convert in self._up:
                value = values[name]
                if value is not None:
                    values[name] = convert(value)
            name = ""
            return self.record(**values)
        except Undecodable as error:
            path = f"{name}.{error.field}" if error.field else name
            raise Undecodable(error.reason, path, error.problem) from error
        except KeyError as error:
            raise Undecodable(DeadLetterReason.UNKNOWN_ENUM, name, "a value this version does not know") from error
        except (ValueError, OverflowError, TypeError) as error:
            raise Undecodable(DeadLetterReason.INVALID_FIELD, name or None, "out of range") from error


_SHAPES: dict[type[Any], Shape[Any]] = {}


def shape(record: type[R]) -> Shape[R]:
    """The plan for a record type, made on first use."""
    found = _SHAPES.get(record)
    if found is None:
        found = _SHAPES[record] = Shape(record)
    return found


def _fields(record: type[msgspec.Struct]) -> list[tuple[str, Any]]:
    hints = get_type_hints(record)
    return [(name, hints[name]) for name in record.__struct_fields__]


def _unwrap(hint: Any) -> Any:
    """`X | None` is X; a union of enums is a tuple of them."""
    if get_origin(hint) not in (Union, types.UnionType):
        return hint
    members = [member for member in get_args(hint) if member is not type(None)]
    return members[0] if len(members) == 1 else tuple(members)


def _converters(inner: Any) -> tuple[Convert | None, Convert | None]:
    if inner in _SCALARS:
        return _SCALARS[inner]
    if isinstance(inner, tuple) or (isinstance(inner, type) and issubclass(inner, StrEnum)):
        enums = inner if isinstance(inner, tuple) else (inner,)
        return None, {member.value: member for enum in reversed(enums) for member in enum}.__getitem__
    if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
        part: Shape[Any] = shape(inner)
        return (part.lower if part._down else None), part.from_avro
    if get_origin(inner) is tuple:
        return _sequence(shape(get_args(inner)[0]))
    return None, None


def _sequence(item: Shape[Any]) -> tuple[Convert | None, Convert]:
    def down(values: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
        return [item.lower(value) for value in values]

    def up(values: list[dict[str, Any]]) -> tuple[Any, ...]:
        if not values:
            return ()
        number = 0
        made = []
        try:
            for number, value in enumerate(values):  # noqa: B007 - read in the handler
                made.append(item.from_avro(value))
        except Undecodable as error:
            raise Undecodable(error.reason, f"{number}.{error.field or ''}".rstrip("."), error.problem) from error
        return tuple(made)

    return (down if item._down else None), up
