"""Reads rows of the ledger by name into frozen records.

A query's columns and a record's fields are two lists that must say the same. They are compared once per result, also
of an empty one, so a query that lost, gained or renamed a column fails at its first run and never shifts a value.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from inspect import Parameter, signature
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
from psycopg.postgres import types as postgres_types
from psycopg.rows import BaseRowFactory

R = TypeVar("R")
Load = Callable[[Any], Any]

FROM_COLUMN: Final = "from_column"
_JSON: Final = frozenset({"json", "jsonb"})
_SCALARS: Final[Mapping[type, frozenset[str]]] = MappingProxyType(
    {
        str: frozenset({"text", "varchar", "bpchar", "name"}),
        bool: frozenset({"bool"}),
        int: frozenset({"int2", "int4", "int8", "oid"}),
        float: frozenset({"float4", "float8"}),
        bytes: frozenset({"bytea"}),
        datetime: frozenset({"timestamptz"}),
        date: frozenset({"date"}),
        time: frozenset({"time"}),
        timedelta: frozenset({"interval"}),
        UUID: frozenset({"uuid"}),
        Decimal: frozenset({"numeric"}),
    }
)
"""The column types that psycopg gives as a Python type. `timestamp` is none of them: instants have a zone."""


class RowMismatchError(TypeError):
    """A query and its record disagree: a fault of the program. The message names both sides, never a value."""


def rows_as(record: type[R]) -> BaseRowFactory[R]:
    """A row factory, for sync and async cursors alike, that makes each row a `record` by the names of its columns.

    A record is a Struct, or a NamedTuple for a key. Every column needs a field of its name and type, and every field
    its column; the order is free. Text becomes the field's enum, an array a tuple, JSON the field's struct (so does
    JSON that the query casts to text, which is faster); a struct that is stored in another form is made by its
    classmethod `from_column`. Raises RowMismatchError when the columns differ, when a null stands in a field that takes
    none, and for a value that the enum does not have. Does not block: it reads what the cursor holds.
    """

    kind: Any = record

    def factory(cursor: Any) -> Callable[[Sequence[Any]], R]:
        result = cursor.pgresult
        if result is None or not result.nfields:
            return _no_result
        # Not `cursor.description`: it makes an object of each column, which costs more than a short result does.
        columns = tuple((result.fname(n), result.ftype(n)) for n in range(result.nfields))
        maker: Callable[[Sequence[Any]], R] = _maker(kind, columns)
        return maker

    return factory


def load_for(hint: Any, kind: str) -> Load | None:
    """What turns a value of a column of type `kind` (`text[]` for an array) into a field of type `hint`.

    None: nothing, psycopg's own value is right. Raises RowMismatchError when the column cannot fill the field. Pure.
    """
    plain, _ = without_null(hint)
    if plain is Any:
        return None
    if (own := getattr(plain, FROM_COLUMN, None)) is not None:
        loader: Load = own
        return loader
    members = _enum_members(plain)
    if members is not None:
        _expect(plain, kind, _SCALARS[str])
        return members.__getitem__
    if kind in _JSON:
        return None if plain in (dict, list, object) else _from_json(plain)
    if isinstance(plain, type) and issubclass(plain, msgspec.Struct):
        _expect(plain, kind, _SCALARS[str])
        return msgspec.json.Decoder(plain).decode
    if get_origin(plain) is tuple and kind.endswith("[]"):
        load = load_for(get_args(plain)[0], kind.removesuffix("[]"))
        return tuple if load is None else lambda values: tuple(map(load, values))
    _expect(plain, kind, _SCALARS.get(plain, frozenset()))
    return None


def field_names(record: type[Any]) -> tuple[str, ...]:
    """The fields of a Struct, or of a NamedTuple. Pure."""
    names: tuple[str, ...] = record.__struct_fields__ if issubclass(record, msgspec.Struct) else record._fields
    return names


def without_null(hint: Any) -> tuple[Any, bool]:
    """The type of a field without None, and whether None was one of its types. Pure."""
    if get_origin(hint) not in (Union, UnionType):
        return hint, False
    kinds = tuple(kind for kind in get_args(hint) if kind is not NoneType)
    return Union[kinds], len(kinds) < len(get_args(hint))  # noqa: UP007 - built from a list of types


def column_type(oid: int) -> str:
    """Postgres' own name of a type, `text[]` for an array of text; the number where psycopg does not know it. Pure."""
    info = postgres_types.get(oid)
    if info is None:
        return str(oid)
    return f"{info.name}[]" if info.array_oid == oid else info.name


@cache
def _maker(record: type[Any], columns: tuple[tuple[bytes, int], ...]) -> Callable[[Sequence[Any]], Any]:
    """Made once for each pair of a record and the columns of a result, whatever the number of results."""
    names = [name.decode() for name, _ in columns]
    fields = field_names(record)
    if sorted(names) != sorted(fields):
        missing = sorted(set(fields) - set(names))
        unknown = sorted(set(names) - set(fields))
        raise RowMismatchError(f"{record.__name__}: missing columns {missing}, unknown columns {unknown}, of {names}")
    hints = get_type_hints(record)
    types = {name: column_type(oid) for name, (_, oid) in zip(names, columns, strict=True)}
    loads = [(field, _named(record, field, hints[field], types[field])) for field in fields]
    steps = [(fields.index(field), field, load) for field, load in loads if load is not None]
    required = {fields.index(field): field for field in fields if not _may_be_null(hints[field])}
    build = _builder(record)
    pick = operator.itemgetter(*map(names.index, fields)) if len(fields) > 1 else tuple

    def make(values: Sequence[Any]) -> Any:
        found = list(pick(values))
        if None in found:
            _refuse_nulls(record, required, found)
        for place, field, load in steps:
            if found[place] is not None:
                try:
                    found[place] = load(found[place])
                except (KeyError, msgspec.MsgspecError) as error:
                    raise RowMismatchError(
                        f"{record.__name__}.{field}: the stored value is none of the field's"
                    ) from error
        return build(found)

    return make


def _builder(record: type[Any]) -> Callable[[list[Any]], Any]:
    """By position where the record allows it, which takes half the time of keywords."""
    fields = field_names(record)
    if any(each.kind is Parameter.KEYWORD_ONLY for each in signature(record).parameters.values()):
        return lambda values: record(**dict(zip(fields, values, strict=True)))
    return lambda values: record(*values)


def _named(record: type[Any], field: str, hint: Any, kind: str) -> Load | None:
    try:
        return load_for(hint, kind)
    except RowMismatchError as error:
        raise RowMismatchError(f"{record.__name__}.{field}: {error}") from None


def _refuse_nulls(record: type[Any], required: Mapping[int, str], values: Sequence[Any]) -> None:
    nulls = [field for place, field in required.items() if values[place] is None]
    if nulls:
        raise RowMismatchError(f"{record.__name__}: null in {nulls}")


def _may_be_null(hint: Any) -> bool:
    return hint is Any or without_null(hint)[1]


def _enum_members(hint: Any) -> dict[Any, Any] | None:
    """Members by value of an enum, or of a union of enums: of a value in two of them the first enum's."""
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if not all(isinstance(kind, type) and issubclass(kind, Enum) for kind in kinds):
        return None
    return {member.value: member for kind in reversed(kinds) for member in kind}


def _from_json(hint: Any) -> Load:
    return lambda value: msgspec.convert(value, hint)


def _expect(hint: Any, kind: str, fitting: frozenset[str]) -> None:
    if kind not in fitting:
        raise RowMismatchError(f"a column of type {kind} is no {getattr(hint, '__name__', hint)}")


def _no_result(values: Sequence[Any]) -> Any:
    raise RowMismatchError("the statement returns no rows")
