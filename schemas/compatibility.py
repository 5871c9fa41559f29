"""Compatibility of schemas: any released version reads any other (schemas/README section 5).

`python -m schemas.compatibility` compares `avsc/` with every released version and exits with 1 on a break;
`python -m schemas.compatibility release` gives changed schemas their next version and schema id.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import fastavro
import msgspec
from fastavro.read import SchemaResolutionError

from schemas.wire import AvroSchema

FOLDER: Final = Path(__file__).parent
UNKNOWN: Final = "UNKNOWN"
_MOST_SAMPLES: Final = 64
"""More alternatives than any enum or union of the contract has, so that each is written and read once."""


class Released(msgspec.Struct, frozen=True, kw_only=True):
    """A version that records may have been written with. Its file never changes."""

    id: int
    record: str
    version: int

    @property
    def file(self) -> str:
        return f"released/{self.record}.v{self.version}.avsc"


def released(folder: Path = FOLDER) -> list[Released]:
    """All versions, in the order of their ids."""
    listed = msgspec.json.decode((folder / "released" / "ids.json").read_bytes(), type=list[Released])
    return sorted(listed, key=lambda version: version.id)


def schema_of(version: Released, folder: Path = FOLDER) -> AvroSchema:
    """The schema of a released version."""
    return _load(folder / version.file)


def current(record: str, folder: Path = FOLDER) -> AvroSchema:
    """The schema as it stands in `avsc/`."""
    return _load(folder / "avsc" / f"{record}.avsc")


def records(folder: Path = FOLDER) -> list[str]:
    """All record types of the contract."""
    return sorted(file.stem for file in (folder / "avsc").glob("*.avsc"))


def breaks(older: AvroSchema, newer: AvroSchema) -> list[str]:
    """How `newer` breaks the rules of evolution against `older`, by field; empty when it may be released."""
    return [*_rule_breaks(older, newer, {}, {}, older["name"]), *_unreadable(older, newer), *_unreadable(newer, older)]


def all_breaks(folder: Path = FOLDER) -> list[str]:
    """Every break of `avsc/` against every released version; empty when all of it may be released."""
    found = []
    known = records(folder)
    for version in released(folder):
        place = f"{version.record} v{version.version}"
        if version.record in known:
            problems = breaks(schema_of(version, folder), current(version.record, folder))
            found += [f"{place}: {problem}" for problem in problems]
        else:
            found.append(f"{place}: was removed; that is a new topic version")
    return found


def unreleased(folder: Path = FOLDER) -> list[str]:
    """Record types whose schema differs from its newest release, or that have none."""
    newest = {version.record: schema_of(version, folder) for version in released(folder)}
    return [record for record in records(folder) if newest.get(record) != current(record, folder)]


def release(folder: Path = FOLDER) -> list[Released]:
    """Gives unreleased schemas their next version and an unused id. ValueError when something breaks."""
    problems = all_breaks(folder)
    if problems:
        raise ValueError("\n".join(problems))
    listed = released(folder)
    made = []
    for record in unreleased(folder):
        before = [version.version for version in listed if version.record == record]
        next_id = max((version.id for version in listed), default=1000) + 1
        new = Released(id=next_id, record=record, version=max(before, default=0) + 1)
        (folder / new.file).write_bytes((folder / "avsc" / f"{record}.avsc").read_bytes())
        listed.append(new)
        made.append(new)
    rows = ",\n".join(f"  {json.dumps(msgspec.to_builtins(version))}" for version in listed)
    (folder / "released" / "ids.json").write_text(f"[\n{rows}\n]\n", encoding="utf-8")
    return made


def _load(file: Path) -> AvroSchema:
    loaded: AvroSchema = json.loads(file.read_text(encoding="utf-8"))
    return loaded


Named = dict[str, AvroSchema]


def _rule_breaks(older: Any, newer: Any, olds: Named, news: Named, path: str) -> Iterator[str]:
    older, newer = _resolve(older, olds), _resolve(newer, news)
    if isinstance(older, list) and isinstance(newer, list) and len(older) == len(newer):
        for old, new in zip(older, newer, strict=True):
            yield from _rule_breaks(old, new, olds, news, path)
    elif isinstance(older, dict) and isinstance(newer, dict) and older["type"] == newer["type"]:
        yield from _complex_breaks(older, newer, olds, news, path)
    elif older != newer:
        yield f"{path}: the type is another; that is a new topic version"


def _complex_breaks(older: AvroSchema, newer: AvroSchema, olds: Named, news: Named, path: str) -> Iterator[str]:
    if older.get("name") != newer.get("name") or older.get("namespace") != newer.get("namespace"):
        yield f"{path}: the name is another"
    if older.get("logicalType") != newer.get("logicalType"):
        yield f"{path}: the logical type is another"
    if older["type"] == "array":
        yield from _rule_breaks(older["items"], newer["items"], olds, news, f"{path}[]")
    elif older["type"] == "enum":
        yield from _enum_breaks(older, newer, path)
    elif older["type"] == "record":
        yield from _field_breaks(older, newer, olds, news, path)


def _enum_breaks(older: AvroSchema, newer: AvroSchema, path: str) -> Iterator[str]:
    for symbol in older["symbols"]:
        if symbol not in newer["symbols"]:
            yield f"{path}: the symbol {symbol} was removed"
    if newer.get("default") != UNKNOWN or UNKNOWN not in newer["symbols"]:
        yield f"{path}: an enum needs the default {UNKNOWN}"


def _field_breaks(older: AvroSchema, newer: AvroSchema, olds: Named, news: Named, path: str) -> Iterator[str]:
    before = {field["name"]: field for field in older["fields"]}
    after = {field["name"]: field for field in newer["fields"]}
    for name in before.keys() - after.keys():
        yield f"{path}.{name}: was removed or renamed"
    for name, field in after.items():
        if name not in before:
            _name_all(field["type"], news)
            if "default" not in field:
                yield f"{path}.{name}: is new and has no default"
            continue
        if "default" in before[name] and field.get("default", ...) != before[name]["default"]:
            yield f"{path}.{name}: the default was removed or changed"
        yield from _rule_breaks(before[name]["type"], field["type"], olds, news, f"{path}.{name}")


def _resolve(node: Any, named: Named) -> Any:
    """A named type where only its name stands; a definition is remembered for the places that follow."""
    if isinstance(node, str):
        return named.get(node, node)
    if isinstance(node, dict) and "name" in node:
        named[node["name"]] = node
    return node


def _name_all(node: Any, named: Named) -> None:
    if isinstance(node, list):
        for member in node:
            _name_all(member, named)
    elif isinstance(node, dict):
        _resolve(node, named)
        for inner in (node.get("items"), *(field["type"] for field in node.get("fields", ()))):
            _name_all(inner, named)


def _unreadable(writer: AvroSchema, reader: AvroSchema) -> Iterator[str]:
    """Records of the writer that fastavro cannot give to the reader; every symbol and branch is tried once."""
    try:
        written, read = fastavro.parse_schema(writer), fastavro.parse_schema(reader)
    except fastavro.schema.SchemaParseException:
        yield f"{writer['name']}: one of the versions is not a valid Avro schema"
        return
    for number in range(_MOST_SAMPLES):
        body = BytesIO()
        fastavro.schemaless_writer(body, written, _sample(writer, number, {}))
        body.seek(0)
        try:
            fastavro.schemaless_reader(body, written, read)
        except (SchemaResolutionError, ValueError, TypeError, KeyError, EOFError) as error:
            yield f"{writer['name']}: written with one version, not read by the other ({type(error).__name__})"
            return


_PLAIN: Final[dict[str, Any]] = {
    "string": "x",
    "long": 7,
    "int": 7,
    "boolean": True,
    "bytes": b"x",
    "null": None,
    "double": 1.5,
    "float": 1.5,
}


def _sample(node: Any, number: int, named: Named) -> Any:
    """A value of a schema; `number` picks the branch, the symbol and the length."""
    node = _resolve(node, named)
    if isinstance(node, str):
        return _PLAIN[node]
    if isinstance(node, list):
        _name_all(node, named)
        return _sample(node[number % len(node)], number, named)
    if node["type"] == "record":
        return {field["name"]: _sample(field["type"], number, named) for field in node["fields"]}
    if node["type"] == "enum":
        return node["symbols"][number % len(node["symbols"])]
    if node["type"] == "array":
        _name_all(node["items"], named)
        return [_sample(node["items"], number + each, named) for each in range(number % 3)]
    return _sample(node["type"], number, named)


def main(arguments: list[str]) -> int:
    """Returns the exit code; prints what is wrong to standard error."""
    if arguments == ["release"]:
        for made in release():
            print(f"released {made.record} v{made.version} under schema id {made.id}")
        return 0
    found = all_breaks() + [f"{record}: changed and not released" for record in unreleased()]
    for text in found:
        print(text, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
