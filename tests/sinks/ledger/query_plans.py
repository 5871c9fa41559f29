"""How Postgres would run each named query, and how many pages it reads where it only reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final, LiteralString, NamedTuple

import psycopg
from psycopg import sql

from sinks.ledger.named_queries import named_queries

_BY_TYPE: Final = {
    "text": "x",
    "text[]": "{x}",
    "bytea": "x",
    "bytea[]": "{x}",
    "bigint": "1",
    "bigint[]": "{1}",
    "integer": "1",
    "integer[]": "{1}",
    "numeric": "1",
    "double precision": "1",
    "double precision[]": "{1}",
    "boolean": "false",
    "json": "[]",
    "jsonb": "{}",
    "date": "2026-01-01",
    "date[]": "{2026-01-01}",
    "boolean[]": "{false}",
    "smallint": "1",
    "smallint[]": "{1}",
    "uuid": "00000000-0000-0000-0000-000000000000",
    "time without time zone": "08:00",
    "time without time zone[]": "{08:00}",
    "timestamp with time zone": "2026-01-01T00:00Z",
    "timestamp with time zone[]": "{2026-01-01T00:00Z}",
    "interval": "1 hour",
    "uuid[]": "{00000000-0000-0000-0000-000000000000}",
}
"""What a parameter is asked with that nobody names: it finds nothing much, and costs the same plan."""

_WHOLE_INPUT: Final = frozenset({"Sort", "Aggregate", "Hash", "ModifyTable"})
"""These take all that comes from below before they give anything: a limit above them limits nothing."""

LARGE_ROWS: Final = 3_000
"""A table of more rows is one that grows."""


class Plan(NamedTuple):
    """Of one query."""

    scanned: tuple[str, ...]
    """Tables that grow and of which every row is read."""
    buffers: int | None
    """Pages that it touched, in memory or not; None for a statement that writes, which is planned and not run."""


def every_query(package: str = "sinks") -> Iterator[tuple[str, str]]:
    """Every named query of a package as `folder/file.name`, with its text."""
    for folder, file in _query_files(resources.files(package), ()):
        path = ".".join([package, *folder])
        for name, text in named_queries(path, file).items():
            if not name.endswith("_cursor"):
                yield f"{'/'.join([*folder, file.removesuffix('.sql')])}.{name}", text


def _query_files(folder: Traversable, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    for each in sorted(folder.iterdir(), key=lambda found: found.name):
        if each.is_dir() and each.name != "migrations":
            yield from _query_files(each, (*path, each.name))
        elif each.name.endswith(".sql"):
            yield path, each.name


def plan_of(
    connection: psycopg.Connection[Any], text: str, values: Mapping[str, str | None], options: Sequence[str] = ()
) -> Plan:
    """The plan of a query that is asked with `values`, under the planner's options. Changes nothing."""
    with connection.transaction(force_rollback=True):
        for option in options:
            connection.execute(f"SET LOCAL {option}".encode())
        asked = _prepared(connection, text, values)
        plan = _explained(connection, asked, "FORMAT JSON")
        reads = not any(node["Node Type"] == "ModifyTable" for node in _nodes(plan)) and "ensure_months" not in text
        if reads:
            plan = _explained(connection, asked, "ANALYZE, BUFFERS, TIMING off, FORMAT JSON")
        buffers = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] if reads else None
        return Plan(tuple(sorted(set(_scanned(connection, plan)))), buffers)


def _prepared(connection: psycopg.Connection[Any], text: str, values: Mapping[str, str | None]) -> sql.Composed:
    """Prepares the query, so that the server says the types of its parameters; answers how it is executed."""
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", text)))
    numbered = re.sub(r"%\((\w+)\)s", lambda found: f"${names.index(found.group(1)) + 1}", text).replace("%%", "%")
    # A prepared statement outlives the transaction, also of a query that failed.
    connection.execute("DEALLOCATE ALL")
    connection.execute(b"PREPARE asked AS " + numbered.rstrip().rstrip(";").encode())
    row = connection.execute(
        "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'asked'"
    ).fetchone()
    given = [
        values[name] if name in values else _BY_TYPE[kind]
        for name, kind in zip(names, row[0] if row else (), strict=True)
    ]
    if not given:
        return sql.SQL("EXECUTE asked").format()
    return sql.SQL("EXECUTE asked ({})").format(sql.SQL(", ").join(map(sql.Literal, given)))


def _explained(connection: psycopg.Connection[Any], asked: sql.Composed, how: str) -> dict[str, Any]:
    ((found,),) = connection.execute(sql.SQL("EXPLAIN ({}) {}").format(sql.SQL(how), asked)).fetchall()
    plan: dict[str, Any] = found[0]["Plan"]
    return plan


def _scanned(connection: psycopg.Connection[Any], plan: dict[str, Any]) -> Iterator[str]:
    """Read from end to end: in the order of the table, or of an index that holds every row, without condition or limit.
    What a partial index holds is open or closed or failed, and no history."""
    large = _names(connection, "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples > %s", [LARGE_ROWS])
    whole = _names(connection, "SELECT indexrelid::regclass::text FROM pg_index WHERE indpred IS NULL", [])
    for node, limited in _with_limits(plan, limited=False):
        by_index = node["Node Type"] in ("Index Scan", "Index Only Scan")
        unbounded = by_index and "Index Cond" not in node and not limited and node["Index Name"] in whole
        if (node["Node Type"] == "Seq Scan" or unbounded) and node["Relation Name"] in large:
            yield f"{node['Relation Name']} ({node['Node Type']})"


def _names(connection: psycopg.Connection[Any], query: LiteralString, parameters: list[Any]) -> set[str]:
    return {row[0] for row in connection.execute(query, parameters).fetchall()}


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _with_limits(plan: dict[str, Any], *, limited: bool) -> Iterator[tuple[dict[str, Any], bool]]:
    yield plan, limited
    limited = plan["Node Type"] == "Limit" or (limited and plan["Node Type"] not in _WHOLE_INPUT)
    for child in plan.get("Plans", ()):
        yield from _with_limits(child, limited=limited)
