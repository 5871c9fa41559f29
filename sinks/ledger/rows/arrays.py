"""Columns of a batch as arrays of Postgres, written whole: psycopg looks at each element of a plain list."""

from __future__ import annotations

from typing import Final

import psycopg
from psycopg.adapt import Dumper

_TEXT_ARRAY_OID: Final = 1009
_BIGINT_ARRAY_OID: Final = 1016
"""Of `pg_type`: the same in every database."""


class Texts(list[str]):
    """A parameter of type text[]. No element is None."""


class Numbers(list[int]):
    """A parameter of type bigint[]; a query casts it where it wants int[]. No element is None."""


class _TextsDumper(Dumper):
    oid = _TEXT_ARRAY_OID

    def dump(self, obj: Texts) -> bytes:
        if not obj:
            return b"{}"
        joined = '","'.join(obj)
        if "\\" in joined or joined.count('"') != 2 * (len(obj) - 1):
            joined = '","'.join(each.replace("\\", r"\\").replace('"', r"\"") for each in obj)
        return f'{{"{joined}"}}'.encode()


class _NumbersDumper(Dumper):
    oid = _BIGINT_ARRAY_OID

    def dump(self, obj: Numbers) -> bytes:
        return f"{{{','.join(map(str, obj))}}}".encode()


psycopg.adapters.register_dumper(Texts, _TextsDumper)
psycopg.adapters.register_dumper(Numbers, _NumbersDumper)
