"""Product code reads rows of the database by name: no column number, no unpacking, no `Record(*row)`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("schemas", "streams", "processors", "sinks", "deploy")
FETCHES = {"fetchone", "fetchall", "fetchmany"}
ROW_NAMES = {"row", "rows"}


def _is_fetch(node: ast.AST) -> bool:
    """A call that gives rows of a query, or a statement that is iterated over at once."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    return node.func.attr in FETCHES | {"execute"}


def _gives_rows(value: ast.expr, known: set[str]) -> bool:
    """Whether an expression is rows, one row, or either of a default."""
    if isinstance(value, ast.Name):
        return value.id in known
    if isinstance(value, ast.Await | ast.Starred | ast.NamedExpr):
        return _gives_rows(value.value, known)
    if isinstance(value, ast.BoolOp):
        return any(_gives_rows(each, known) for each in value.values)
    if isinstance(value, ast.Subscript):
        return _gives_rows(value.value, known)
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in {"list", "sorted"}:
        return any(_gives_rows(each, known) for each in value.args)
    return _is_fetch(value)


def _bindings(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Pairs of a target and what it takes its value, or its values, from."""
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, ast.NamedExpr):
        yield node.target, node.value
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        yield node.target, node.iter


def _is_number(index: ast.expr) -> bool:
    if isinstance(index, ast.UnaryOp):
        index = index.operand
    return isinstance(index, ast.Slice) or (isinstance(index, ast.Constant) and isinstance(index.value, int))


def positional_reads(source: str) -> list[int]:
    """Lines of a module where a value of a row is taken by its place."""
    found: set[int] = set()
    tree = ast.parse(source)
    scopes: list[ast.AST] = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    for scope in scopes or [tree]:
        nodes = list(ast.walk(scope))
        single = {"row"}
        many: set[str] = set()
        for _ in range(2):  # a name may be bound from one that is bound further down
            for node in nodes:
                for target, value in _bindings(node):
                    if isinstance(target, ast.Name) and _gives_rows(value, single | many):
                        (many if _is_many(value, many) and not _is_loop(node) else single).add(target.id)
        for node in nodes:
            if isinstance(node, ast.Subscript) and _is_number(node.slice) and _is_row(node.value, single, many):
                found.add(node.lineno)
            if isinstance(node, ast.Call):
                starred = [each for each in node.args if isinstance(each, ast.Starred)]
                found |= {each.lineno for each in starred if _is_row(each.value, single, many)}
            for target, value in _bindings(node):
                if isinstance(target, ast.Tuple | ast.List) and _gives_rows(value, single | many | ROW_NAMES):
                    found.add(target.lineno)
    return sorted(found)


def _is_loop(node: ast.AST) -> bool:
    return isinstance(node, ast.For | ast.AsyncFor | ast.comprehension)


def _is_many(value: ast.expr, many: set[str]) -> bool:
    """Whether rows are meant and not one row: `fetchall`, and names of such."""
    calls = {each.func.attr for each in ast.walk(value) if isinstance(each, ast.Call) and _is_fetch(each)}  # type: ignore[attr-defined]
    return "fetchone" not in calls and (bool(calls) or any(isinstance(v, ast.Name) and v.id in many for v in [value]))


def _is_row(value: ast.expr, single: set[str], many: set[str]) -> bool:
    if isinstance(value, ast.Name):
        return value.id in single
    if isinstance(value, ast.Await):
        return _is_row(value.value, single, many)
    if isinstance(value, ast.Subscript):  # rows[-1][0]
        return isinstance(value.value, ast.Name) and value.value.id in many | {"rows"}
    if isinstance(value, ast.BoolOp):
        return any(_is_row(each, single, many) for each in value.values)
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "fetchone"


def offenders() -> dict[str, list[int]]:
    found = {
        str(file.relative_to(ROOT)): positional_reads(file.read_text(encoding="utf-8"))
        for layer in LAYERS
        for file in (ROOT / layer).rglob("*.py")
    }
    return {name: lines for name, lines in found.items() if lines}


def test_product_code_reads_rows_by_name() -> None:
    assert not offenders()


def test_one_row_factory_makes_records() -> None:
    """psycopg's own compare no names: a column that is missing, new or of another type would go unnoticed."""
    others = re.compile(r"\b(args|class|kwargs|namedtuple)_row\b")
    for layer in LAYERS:
        for file in (ROOT / layer).rglob("*.py"):
            assert not others.search(file.read_text(encoding="utf-8")), file


@pytest.mark.parametrize(
    "line",
    [
        "x = row[0]",
        "x = cursor.execute(q).fetchone()[0]",
        "found = cursor.execute(q).fetchone(); x = found[1]",
        "found = (await connection.execute(q)).fetchone() or (0, 0); x = found[1]",
        "rows = cursor.execute(q).fetchall(); x = rows[-1][0]",
        "x = [each[0] for each in cursor.execute(q)]",
        "rows = cursor.fetchall(); x = [Record(*each) for each in rows]",
        "for a, b in cursor.execute(q): pass",
        "x = {a: b for a, b in cursor.execute(q).fetchall()}",
        "((x,),) = cursor.execute(q).fetchall()",
        "a, b = cursor.execute(q).fetchone()",
        "Record(*row)",
    ],
)
def test_a_read_by_position_is_found(line: str) -> None:
    body = "\n    ".join(line.split("; "))
    assert positional_reads(f"async def f():\n    {body}\n")


@pytest.mark.parametrize(
    "line",
    [
        "x = fetch_one(cursor, Record, q).name",
        "rows = cursor.execute(q).fetchall(); x = rows[0].name",
        "x = [row.name for row in cursor.execute(q)]",
        "x = fetch_values(cursor, q)[0]",
        "for key, rows in groups.items(): pass",
    ],
)
def test_a_read_by_name_is_not(line: str) -> None:
    body = "\n    ".join(line.split("; "))
    assert not positional_reads(f"async def f():\n    {body}\n")
