"""Converts the plain values that fastavro reads to records, by a plan made once per record type.

Instants are microseconds, dates days, times of day milliseconds since midnight; enums are their symbols. Everything
is exact: no float takes part.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from schemas.validation.time_units import instant_fault
from schemas.vocabulary import DeadLetterReason, EntryKind, FieldFault
from schemas.wire import EPOCH, Undecodable

_DAY_ZERO: Final = EPOCH.date().toordinal()

Convert = Callable[[Any], Any]
R = TypeVar("R", bound=msgspec.Struct)


def _instant(value: int) -> datetime:
    """OverflowError outside the years 1 to 9999."""
    return EPOCH + timedelta(microseconds=value)


def _date(value: int) -> date:
    return date.fromordinal(value + _DAY_ZERO)


def _time(value: int) -> time:
    return (EPOCH + timedelta(milliseconds=value)).time()


def _dependency(value: dict[str, Any]) -> tuple[EntryKind, str]:
    return EntryKind(value["entry_kind"]), value["part"]


def _fees(values: list[dict[str, Any]]) -> tuple[tuple[str, int], ...]:
    return tuple((value["fee_kind"], value["amount_minor"]) for value in values)


_SCALARS: Final[dict[Any, Convert]] = {
    datetime: _instant,
    date: _date,
    time: _time,
    tuple[EntryKind, str]: _dependency,
    tuple[tuple[str, int], ...]: _fees,
}


def _fault(convert: Convert | None, value: Any) -> FieldFault | None:
    """What is wrong with a number that is no instant, date or time of the calendar."""
    if convert is _instant:
        return instant_fault(value)
    if convert is _date:
        return FieldFault.DATE_OUT_OF_RANGE
    return FieldFault.TIME_OUT_OF_RANGE if convert is _time else None


class Shape(Generic[R]):
    """The plan for one record type."""

    def __init__(self, record: type[R]) -> None:
        self.record = record
        self._steps: list[tuple[str, Convert]] = []
        hints = get_type_hints(record)
        for name in record.__struct_fields__:
            convert = _converter(_unwrap(hints[name]))
            if convert is not None:
                self._steps.append((name, convert))

    def from_avro(self, values: dict[str, Any]) -> R:
        """The record; a field that an older version lacks has its default. Undecodable names the field that holds an
        impossible value; the data is not quoted."""
        name, value, convert = "", None, None
        try:
            for name, convert in self._steps:
                value = values.get(name)
                if value is not None:
                    values[name] = convert(value)
            name, convert = "", None
            return self.record(**values)
        except Undecodable as error:
            path = f"{name}.{error.field}" if error.field else name
            raise Undecodable(error.reason, path, error.problem, error.fault) from error
        except KeyError as error:
            raise Undecodable(
                DeadLetterReason.UNKNOWN_ENUM, name, "a value this version does not know", FieldFault.UNKNOWN_VALUE
            ) from error
        except (ValueError, OverflowError, TypeError) as error:
            fault = _fault(convert, value)
            raise Undecodable(DeadLetterReason.INVALID_FIELD, name or None, "out of range", fault) from error


_SHAPES: dict[type[Any], Shape[Any]] = {}


def shape(record: type[R]) -> Shape[R]:
    """The plan for a record type, made on first use."""
    found = _SHAPES.get(record)
    if found is None:
        found = _SHAPES[record] = Shape(record)
    return found


def _unwrap(hint: Any) -> Any:
    """`X | None` is X; a union of enums is a tuple of them."""
    if get_origin(hint) not in (Union, types.UnionType):
        return hint
    members = [member for member in get_args(hint) if member is not type(None)]
    return members[0] if len(members) == 1 else tuple(members)


def _converter(inner: Any) -> Convert | None:
    if inner in _SCALARS:
        return _SCALARS[inner]
    if isinstance(inner, tuple) or (isinstance(inner, type) and issubclass(inner, StrEnum)):
        enums = inner if isinstance(inner, tuple) else (inner,)
        return {member.value: member for enum in reversed(enums) for member in enum}.__getitem__
    if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
        part: Shape[Any] = shape(inner)
        return part.from_avro
    if get_origin(inner) is tuple:
        item = _converter(get_args(inner)[0])
        return tuple if item is None else _sequence(item)
    return None


def _sequence(item: Convert) -> Convert:
    def convert(values: list[Any]) -> tuple[Any, ...]:
        number = 0
        made = []
        try:
            for number, value in enumerate(values):  # noqa: B007 - read in the handler
                made.append(item(value))
        except Undecodable as error:
            path = f"{number}.{error.field or ''}".rstrip(".")
            raise Undecodable(error.reason, path, error.problem, error.fault) from error
        return tuple(made)

    return convert
