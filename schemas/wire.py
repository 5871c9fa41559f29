"""The Confluent wire format (magic byte 0, schema id, Avro body) and the source of schema ids.

Ids are fixed by `released/ids.json`, so that no registry is needed. A registry takes the place of `FixedSchemaIds`
by implementing `SchemaIds` (README section 6).
"""

from __future__ import annotations

import json
import struct
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any, Final, Protocol, cast

import fastavro
import msgspec

from schemas.vocabulary import DeadLetterReason, FieldFault

MAGIC: Final = 0
HEADER_BYTES: Final = 5
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Instants on the wire are whole microseconds since then."""

_HEADER: Final = struct.Struct(">BI")

AvroSchema = dict[str, Any]
"""A schema as JSON gives it, or as fastavro parsed it."""


class Undecodable(ValueError):  # noqa: N818 - says what it is
    """Bytes that are no record of the contract: a closed reason, the field and its fault, never any of the data."""

    def __init__(
        self,
        reason: DeadLetterReason,
        field: str | None = None,
        problem: str = "",
        fault: FieldFault | None = None,
    ) -> None:
        self.reason = reason
        self.field = field
        self.problem = problem
        self.fault = fault
        super().__init__(": ".join(part for part in (reason, field, problem) if part))


class WriterSchema(msgspec.Struct, frozen=True, kw_only=True):
    """What a schema id stands for. `schema` is parsed, with instants and dates left as plain integers."""

    schema_id: int
    record: str
    schema: AvroSchema
    ours: bool
    """We released it, so that what it lacks has a default in our records: it is read without resolution, which takes
    twice as long."""


class SchemaIds(Protocol):
    """Where ids and the schemas behind them come from. Both calls are cheap and do not block after the first."""

    def id_of(self, record: str) -> int:
        """The id under which this program writes a record type. KeyError when the contract does not know it."""
        ...

    def writer(self, schema_id: int) -> WriterSchema | None:
        """The schema that an id stands for, or None when nobody knows it."""
        ...


LATER_IDS: Final = 1_000
"""Ids after the newest that are taken for a later release's; what lies farther away was never ours."""


class FixedSchemaIds:
    """The ids that the project itself released. Read once, from the package."""

    def __init__(self) -> None:
        listed = json.loads(_text("released", "ids.json"))
        newest: dict[str, int] = {}
        for row in listed:
            newest[row["record"]] = max(row["id"], newest.get(row["record"], 0))
        self._ids = newest
        self._writers = {row["id"]: self._load(row) for row in listed}

    @staticmethod
    def _load(row: dict[str, Any]) -> WriterSchema:
        released = json.loads(_text("released", f"{row['record']}.v{row['version']}.avsc"))
        return WriterSchema(
            schema_id=row["id"],
            record=row["record"],
            schema=parse_plain(released),
            ours=True,
        )

    def id_of(self, record: str) -> int:
        return self._ids[record]

    def writer(self, schema_id: int) -> WriterSchema | None:
        return self._writers.get(schema_id)

    def is_later(self, schema_id: int) -> bool:
        """Whether a later release than this one can have made the id: the next ones after the newest of this."""
        return bool(0 < schema_id - max(self._writers) <= LATER_IDS)


@cache
def fixed_schema_ids() -> FixedSchemaIds:
    """The one instance of the released ids."""
    return FixedSchemaIds()


def header(schema_id: int) -> bytes:
    """The five bytes before the body."""
    return _HEADER.pack(MAGIC, schema_id)


def schema_id_of(value: bytes | None) -> int:
    """The schema id of a value. Undecodable NOT_WIRE_FORMAT when there is none."""
    if value is None or len(value) < HEADER_BYTES or value[0] != MAGIC:
        raise Undecodable(DeadLetterReason.NOT_WIRE_FORMAT, None, "no Confluent wire header")
    return int.from_bytes(value[1:HEADER_BYTES], "big")


@cache
def current_schema(record: str) -> AvroSchema:
    """The schema of a record type as it stands in `avsc/`, unparsed, with its logical types."""
    loaded: AvroSchema = json.loads(_text("avsc", f"{record}.avsc"))
    return loaded


@cache
def current_plain(record: str) -> AvroSchema:
    """The same, parsed once (17 µs otherwise), logical types left out: a long stays a long, which saves 4 µs."""
    return parse_plain(current_schema(record))


def parse_plain(schema: AvroSchema) -> AvroSchema:
    """A parsed schema that reads and writes instants and dates as the integers they are on the wire."""
    return cast(AvroSchema, fastavro.parse_schema(_without_logical_types(schema)))


def _without_logical_types(node: Any) -> Any:
    if isinstance(node, dict):
        if "logicalType" in node:
            return node["type"]
        return {name: _without_logical_types(value) for name, value in node.items() if name != "doc"}
    if isinstance(node, list):
        return [_without_logical_types(value) for value in node]
    return node


def _text(folder: str, file: str) -> str:
    return resources.files("schemas").joinpath(folder, file).read_text(encoding="utf-8")
