"""Decodes Avro bytes into records with a reader that is compiled once per record type and schema.

The mirror of `schemas.avro_writer`. It reads released versions and records in the usual form; for everything else it
raises, and fastavro, which knows every form that Avro allows, reads the bytes again and names the error. So no value is
accepted here that fastavro would read otherwise.

A record's reader is one function over its fields, compiled once: dictionaries between bytes and record, and a call for
each field, are most of what a general reader costs.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec

from schemas.wire import EPOCH, AvroSchema

Read = Callable[[bytes, int], tuple[Any, int]]
"""A value at a place, and the place behind it. The caller compares the last place with the length of the bytes: a value
may seem to end behind them."""
Named = dict[str, Any]

_DAY_ZERO: Final = EPOCH.date().toordinal()
_LONGEST_SHIFT: Final = 63
"""The tenth byte of a number carries its 64th bit; more bytes are no long."""
_LONG: Final = 2**64


class NotPlain(ValueError):  # noqa: N818 - says what it is
    """Bytes that are not the usual form of a record: fastavro decides what they are."""


FALLBACK: Final = (NotPlain, IndexError, ValueError, OverflowError, TypeError, KeyError)
"""What a reader raises for bytes that it leaves to fastavro. It never answers with a record that is partly read."""


def reader_of(record: type[msgspec.Struct], schema: AvroSchema) -> Read:
    """The reader of a record type for bytes of one schema. TypeError where the schema has a field or a type that the
    record has no place for. Pure; the reader does not block and takes time and memory in proportion to the bytes."""
    return _Compiler().record(record, schema)


def _more(data: bytes, at: int, number: int) -> tuple[int, int]:
    """The rest of a number whose first byte was `number`, before zigzag."""
    number &= 0x7F
    shift = 7
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            if number >= _LONG:
                raise NotPlain
            return number, at
        shift += 7
        if shift > _LONGEST_SHIFT:
            raise NotPlain


@lru_cache(maxsize=64)
def _instant(microseconds: int) -> datetime:
    """Cached for the length of a record or two: its own instants stand again in each of its entries."""
    return EPOCH + timedelta(microseconds=microseconds)


def _date(days: int) -> date:
    return date.fromordinal(days + _DAY_ZERO)


def _time(milliseconds: int) -> time:
    return (EPOCH + timedelta(milliseconds=milliseconds)).time()


_NUMBERS: Final[dict[Any, Callable[[int], Any] | None]] = {int: None, datetime: _instant, date: _date, time: _time}
_NAMES: Final[dict[str, Any]] = {"more": _more, "NotPlain": NotPlain}


class _Compiler:
    """Writes the source of the readers of one record type and the types that it is made of."""

    def __init__(self) -> None:
        self._named: Named = {}
        self._names: dict[str, Any] = dict(_NAMES)

    def record(self, record: type[msgspec.Struct], node: AvroSchema) -> Read:
        """One function for a whole record; fields that an older schema lacks keep their defaults."""
        self._define(node)
        hints = get_type_hints(record)
        lines, arguments = [], []
        for number, field in enumerate(node["fields"]):
            name = field["name"]
            if name not in hints:
                raise TypeError(f"{record.__name__} has no field {name}")
            lines += self._value(f"v{number}", hints[name], field["type"])
            arguments.append(f"{name}=v{number}")
        return self._function(lines, f"{self._bind(record)}({', '.join(arguments)})")

    def _function(self, lines: list[str], answer: str) -> Read:
        source = ["def read(data, at):", *(f"    {line}" for line in lines), f"    return {answer}, at"]
        names = self._names
        exec("\n".join(source), names)  # noqa: S102 - of our own schemas alone
        read: Read = names.pop("read")
        return read

    def _bind(self, value: Any) -> str:
        """A name in the generated source for a value that it needs."""
        name = f"g{len(self._names)}"
        self._names[name] = value
        return name

    def _define(self, node: Any) -> Any:
        """The definition behind a name; a definition is remembered for the places that follow."""
        if isinstance(node, str):
            return self._named.get(node, node)
        if isinstance(node, dict):
            if "name" in node:
                self._named[node["name"]] = node
            elif not isinstance(node["type"], str) or node["type"] not in ("array", "map"):
                return self._define(node["type"])
        return node

    def _value(self, to: str, hint: Any, node: Any) -> list[str]:
        """The lines that read one value into the variable `to` and move `at` behind it."""
        node = self._define(node)
        members = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
        present = tuple(member for member in members if member is not types.NoneType)
        if not isinstance(node, list):
            return self._present(to, present, node)
        if len(node) != 2 or node[0] != "null":
            raise TypeError(f"not a union that our records have: {node}")
        return [
            "b = data[at]",
            "at += 1",
            f"if b == 0: {to} = None",
            "elif b == 2:",
            *(f"    {line}" for line in self._present(to, present, self._define(node[1]))),
            "else: raise NotPlain",
        ]

    def _present(self, to: str, hints: tuple[Any, ...], node: Any) -> list[str]:
        hint = hints[0]
        origin, arguments = get_origin(hint), get_args(hint)
        if len(hints) > 1 or (isinstance(hint, type) and issubclass(hint, StrEnum)):
            return self._enum(to, hints, node)
        if hint in _NUMBERS:
            return self._number(to, _NUMBERS[hint])
        if hint is bool:
            return ["b = data[at]", "at += 1", "if b > 1: raise NotPlain", f"{to} = b == 1"]
        if hint is str:
            return [*self._length(), f"{to} = data[at:at + n].decode()", "at += n"]
        if hint is bytes:
            return [*self._length(), f"{to} = data[at:at + n]", "at += n"]
        if origin is tuple and arguments[-1] is Ellipsis:
            return self._array(to, arguments[0], node)
        if origin is tuple:
            return self._tuple(to, arguments, node)
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            return [f"{to}, at = {self._bind(self.record(hint, node))}(data, at)"]
        raise TypeError(f"not a type that our records have: {hint}")

    @staticmethod
    def _number(to: str, convert: Callable[[int], Any] | None) -> list[str]:
        names = {_instant: "instant", _date: "date", _time: "time"}
        value = "(n >> 1) ^ -(n & 1)"
        return [
            "n = data[at]",
            "at += 1",
            "if n > 127: n, at = more(data, at, n)",
            f"{to} = {value}" if convert is None else f"{to} = {names[convert]}({value})",
        ]

    @staticmethod
    def _length() -> list[str]:
        """A negative length (odd before zigzag) would move backwards."""
        return [
            "n = data[at]",
            "at += 1",
            "if n > 127: n, at = more(data, at, n)",
            "if n & 1: raise NotPlain",
            "n >>= 1",
        ]

    def _enum(self, to: str, enums: tuple[type[StrEnum], ...], node: Any) -> list[str]:
        """A symbol that our records do not know raises: an entry of a table that is shorter or holds None."""
        by_symbol = {member.value: member for enum in reversed(enums) for member in enum}
        table = tuple(by_symbol.get(symbol) for symbol in node["symbols"])
        lines = ["n = data[at]", "at += 1", "if n > 127: n, at = more(data, at, n)", "if n & 1: raise NotPlain"]
        lines.append(f"{to} = {self._bind(table)}[n >> 1]")
        if None in table:
            lines.append(f"if {to} is None: raise NotPlain")
        return lines

    def _array(self, to: str, hint: Any, node: Any) -> list[str]:
        """One block, then the end, as every writer writes what it has whole; other forms are left to fastavro. A count
        beyond the bytes ends with them, for each item takes at least one."""
        item = self._function_of(hint, node["items"])
        return [
            "n = data[at]",
            "at += 1",
            "if n > 127: n, at = more(data, at, n)",
            f"if n == 0: {to} = ()",
            "else:",
            "    if n & 1: raise NotPlain",
            f"    {to}, at = array({item}, data, at, n >> 1)",
        ]

    def _function_of(self, hint: Any, node: Any) -> str:
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            return self._bind(self.record(hint, self._define(node)))
        return self._bind(self._function(self._value("v", hint, node), "v"))

    def _tuple(self, to: str, hints: tuple[Any, ...], node: Any) -> list[str]:
        names = [f"{to}_{number}" for number in range(len(hints))]
        lines: list[str] = []
        for name, hint, field in zip(names, hints, node["fields"], strict=True):
            lines += self._value(name, hint, field["type"])
        return [*lines, f"{to} = ({', '.join(names)},)"]


def _array_items(read: Read, data: bytes, at: int, count: int) -> tuple[tuple[Any, ...], int]:
    """The items of an array's only block; raises where another block follows. Items past the bytes raise IndexError."""
    if count > len(data) - at:
        raise NotPlain
    items = []
    for _ in range(count):
        item, at = read(data, at)
        items.append(item)
    if data[at]:
        raise NotPlain
    return tuple(items), at + 1


_NAMES.update({"instant": _instant, "date": _date, "time": _time, "array": _array_items})
