"""Encodes records as Avro bytes with a writer that is compiled once per record type.

fastavro reads, resolves versions and is the judge of these bytes in the tests. It does not write them, because for a
write-back (some ninety fields, half of them unions) it tries the branches of each union again for every record: 57 µs
and 10 more for the dictionaries it takes, against 20 here, where the Python types say which branch it is. A record's
writer is one expression over its fields, compiled once, as dataclasses and attrs compile their methods: a call for
each field and its union would double that.
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

Write = Callable[[Any], bytes]
Named = dict[str, AvroSchema]

_MICROSECOND: Final = timedelta(microseconds=1)
_DAY_ZERO: Final = EPOCH.date().toordinal()
_LONG: Final = 2**63
_WRONG: Final = (TypeError, ValueError, OverflowError, KeyError, AttributeError)
"""What a value of another type than its field's does to a writer (a naive instant, a lone surrogate, 65 bits)."""
_NULL: Final = b"\x00"
_SECOND_BRANCH: Final = b"\x02"
_END: Final = b"\x00"


class Unencodable(ValueError):  # noqa: N818 - says what it is
    """A record of ours that the contract cannot carry; names the field. An error of the caller, not of the data."""


def writer_of(record: type[msgspec.Struct], schema: AvroSchema) -> Write:
    """The writer of a record type under its schema. TypeError where the two do not fit."""
    return _writer(record, schema, {}).write


_CHUNK: Final = 1 << 14
_LAST: Final = tuple(bytes((n,)) if n < 0x80 else bytes((n & 0x7F | 0x80, n >> 7)) for n in range(_CHUNK))
_MORE: Final = tuple(bytes((n & 0x7F | 0x80, n >> 7 | 0x80)) for n in range(_CHUNK))
"""Fourteen bits as two bytes, at the end of a number and before more of it: a number is a look-up or a few."""


def _long(value: int) -> bytes:
    """Zigzag and seven bits a byte. Not cached: instants and amounts rarely come again."""
    if not -_LONG <= value < _LONG:
        raise OverflowError("more than 64 bits")
    rest = (value << 1) ^ (value >> 63)
    if rest < _CHUNK:
        return _LAST[rest]
    written = _MORE[rest & 0x3FFF]
    rest >>= 14
    while rest >= _CHUNK:
        written += _MORE[rest & 0x3FFF]
        rest >>= 14
    return written + _LAST[rest]


_LENGTHS: Final = tuple(_long(length) for length in range(1024))
"""Lengths of ids and of usual bodies. A list is looked up faster than a cache."""


def _bytes(value: bytes) -> bytes:
    length = len(value)
    return (_LENGTHS[length] if length < 1024 else _long(length)) + value


def _string(value: str) -> bytes:
    data = value.encode()
    length = len(data)
    return (_LENGTHS[length] if length < 1024 else _long(length)) + data


def _boolean(value: bool) -> bytes:
    return b"\x01" if value else b"\x00"


@lru_cache(maxsize=64)
def _instant(value: datetime) -> bytes:
    """Cached for the length of a record or two: its own instants stand again in each of its entries."""
    return _long((value - EPOCH) // _MICROSECOND)


def _date(value: date) -> bytes:
    return _long(value.toordinal() - _DAY_ZERO)


def _time(value: time) -> bytes:
    return _long(((value.hour * 60 + value.minute) * 60 + value.second) * 1000 + value.microsecond // 1000)


_SCALARS: Final[dict[Any, Write]] = {
    str: _string,
    bytes: _bytes,
    int: _long,
    bool: _boolean,
    datetime: _instant,
    date: _date,
    time: _time,
}


class _Piece(msgspec.Struct, frozen=True):
    """How one value is written: by a function, or looked up where there are few. `optional`: null is the first branch
    of its union."""

    write: Write
    table: dict[Any, bytes] | None = None
    optional: bool = False

    def term(self, number: int, value: str, names: dict[str, Any]) -> str:
        """The expression that writes `value`; what it needs is put into `names`."""
        if self.table is not None:
            branches: dict[Any, bytes] = {None: _NULL} if self.optional else {}
            prefix = _SECOND_BRANCH if self.optional else b""
            names[f"t{number}"] = branches | {key: prefix + written for key, written in self.table.items()}
            return f"t{number}[{value}]"
        names[f"w{number}"] = self.write
        if self.optional:
            return f"null if (x := {value}) is None else second + w{number}(x)"
        return f"w{number}({value})"


def _writer(hint: Any, node: Any, named: Named) -> _Piece:
    node = _defined(node, named)
    if hint in _SCALARS:
        return _Piece(_SCALARS[hint])
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _union(arguments, node, named)
    if origin is tuple and arguments[-1] is Ellipsis:
        return _Piece(_array(_writer(arguments[0], node["items"], named)))
    if origin is tuple:
        nodes = [field["type"] for field in node["fields"]]
        pieces = [_writer(each, part, named) for each, part in zip(arguments, nodes, strict=True)]
        return _Piece(_row(pieces, [f"value[{place}]" for place in range(len(pieces))]))
    if issubclass(hint, StrEnum):
        return _enum((hint,), node)
    return _Piece(_record(hint, node, named))


def _union(arguments: tuple[Any, ...], node: Any, named: Named) -> _Piece:
    members = tuple(member for member in arguments if member is not types.NoneType)
    if len(members) == len(arguments):
        return _enum(members, node)
    inner = _defined(node[1], named)
    piece = _writer(members[0], inner, named) if len(members) == 1 else _enum(members, inner)
    return msgspec.structs.replace(piece, optional=True)


def _enum(enums: tuple[type[StrEnum], ...], node: AvroSchema) -> _Piece:
    places = {symbol: _long(place) for place, symbol in enumerate(node["symbols"])}
    table: dict[Any, bytes] = {member: places[member.value] for enum in enums for member in enum}
    return _Piece(table.__getitem__, table)


def _array(piece: _Piece) -> Write:
    write = piece.write

    def array(values: tuple[Any, ...]) -> bytes:
        return b"".join((_long(len(values)), *map(write, values), _END)) if values else _END

    return array


def _record(record: type[msgspec.Struct], node: AvroSchema, named: Named) -> Write:
    hints = get_type_hints(record)
    names = [field["name"] for field in node["fields"]]
    pieces = [_writer(hints[field["name"]], field["type"], named) for field in node["fields"]]
    whole = _row(pieces, [f"value.{name}" for name in names])

    def checked(value: Any) -> bytes:
        try:
            return whole(value)
        except _WRONG as error:
            raise _named(error, names, pieces, value) from error

    return checked


def _row(pieces: list[_Piece], values: list[str]) -> Write:
    """One function for a whole row: the pieces of `values`, expressions over `value`, joined."""
    names: dict[str, Any] = {"join": b"".join, "null": _NULL, "second": _SECOND_BRANCH}
    terms = [piece.term(number, value, names) for number, (piece, value) in enumerate(zip(pieces, values, strict=True))]
    exec(f"def row(value):\n    return join(({', '.join(terms)},))", names)  # noqa: S102 - of our own schemas alone
    row: Write = names["row"]
    return row


def _named(error: Exception, names: list[str], pieces: list[_Piece], record: Any) -> Unencodable:
    """The first field that cannot be written, by trying again; the value is not repeated."""
    for name, piece in zip(names, pieces, strict=True):
        try:
            value = getattr(record, name)
            if value is not None or not piece.optional:
                piece.write(value)
        except Unencodable as inner:
            return Unencodable(f"{name}.{inner}")
        except _WRONG:
            return Unencodable(f"{name}: not a value that the contract can carry ({type(error).__name__})")
    return Unencodable(f"not a record that the contract can carry ({type(error).__name__})")


def _defined(node: Any, named: Named) -> Any:
    """The definition behind a name; a definition is remembered for the places that follow."""
    if isinstance(node, str):
        return named.get(node, node)
    if isinstance(node, dict) and "name" in node:
        named[node["name"]] = node
    return node
