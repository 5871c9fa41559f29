"""A group of states is defined once, in `schemas/vocabulary`: neither SQL nor Python spells one out elsewhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest

from schemas import vocabulary
from schemas.vocabulary import AttentionReason, DeadLetterReason, DecisionReason, DeliveryState, Stage, State
from tests.test_architecture import LAYERS, ROOT, tracked

CLOSED: tuple[type[StrEnum], ...] = (
    State,
    DeliveryState,
    Stage,
    DeadLetterReason,
    DecisionReason,
    AttentionReason,
)
"""Enumerations whose members, two or more side by side in SQL, are a group that wants a name."""
GROUPS = frozenset(name for name in vocabulary.__all__ if isinstance(getattr(vocabulary, name), frozenset | tuple))

GROUPED = {"State", "EntryKind"}

FROZEN = ROOT / "sinks/ledger/schema/migrations"
"""What has landed is not rewritten; predicates of indexes stand there in full, and `test_functions` matches them."""
TRANSITIONS = ROOT / "sinks/ledger/schema/transitions.py"
"""The table of transitions: its rows list from where to where, they name no group."""
TARGETS = ROOT / "sinks/targets"
"""Which kinds of entries a route writes, and how, is a fact of the route."""

_LITERALS = r"'[A-Za-z_]+'(?:\s*,\s*'[A-Za-z_]+')+"
_LISTS = (
    re.compile(rf"\bIN\s*\(\s*({_LITERALS})\s*\)", re.I),
    re.compile(rf"\b(?:ANY|ALL)\s*\(\s*ARRAY\s*\[\s*({_LITERALS})\s*\]", re.I),
    re.compile(r"\b(?:ANY|ALL)\s*\(\s*'\{([A-Za-z_]+(?:,[A-Za-z_]+)+)\}'", re.I),
    re.compile(r"(\b([\w.]+)\s*=\s*'\w+'(?:\s+OR\s+\2\s*=\s*'\w+')+)(?!\s+AND\b)", re.I),
    re.compile(r"(\b([\w.]+)\s*(?:<>|!=)\s*'\w+'(?:\s+AND\s+\2\s*(?:<>|!=)\s*'\w+')+)", re.I),
)


def lists_in_sql(text: str) -> list[str]:
    """Every list of two or more words of one closed enumeration. Comments do not count."""
    text = re.sub(r"--[^\n]*", "", text)
    found = [match for pattern in _LISTS for match in pattern.finditer(text)]
    return [each.group(0) for each in found if _words(each.group(1))]


def _words(listed: str) -> bool:
    words = re.findall(r"'(\w+)'", listed) or listed.split(",")
    return any(all(word in kind._value2member_map_ for word in words) for kind in CLOSED)


def sql_texts() -> Iterator[tuple[Path, str]]:
    for file in tracked():
        if file.suffix == ".sql" and FROZEN not in file.parents:
            yield file, file.read_text(encoding="utf-8")
        elif file.suffix == ".py" and file != Path(__file__):
            for text in _strings(ast.parse(file.read_bytes())):
                if re.search(r"\b(?:SELECT|UPDATE|WHERE|DELETE|AND)\b", text):
                    yield file, text


def _strings(tree: ast.AST) -> Iterator[str]:
    """Every string, an f-string with its constant parts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def groups_in_python(text: str) -> list[str]:
    """Collections of two or more states or entry kinds, and groups put together of other groups."""
    return [ast.unparse(node) for node in ast.walk(ast.parse(text)) if _is_group(node)]


def _is_group(node: ast.AST) -> bool:
    if isinstance(node, ast.Set | ast.Tuple | ast.List):
        return len(node.elts) > 1 and all(map(_is_member, node.elts))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.Sub | ast.BitAnd):
        return all(map(_is_constant_group, (node.left, node.right)))
    return False


def _is_constant_group(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "frozenset" and all(map(_is_constant, node.args))
    return _is_constant(node)


def _is_constant(node: ast.expr) -> bool:
    match node:
        case ast.Name(id=name):
            return name in GROUPS | GROUPED
        case ast.Set(elts=elements):
            return all(map(_is_member, elements))
        case ast.BinOp(left=left, right=right):
            return _is_constant_group(left) and _is_constant_group(right)
    return False


def _is_member(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in GROUPED


def test_no_sql_spells_out_a_list_of_states() -> None:
    """A statement calls a function of `sinks/ledger/schema/functions.py`, or takes the list as a parameter."""
    found = [f"{file.relative_to(ROOT)}: {each}" for file, text in sql_texts() for each in lists_in_sql(text)]
    assert not found


@pytest.mark.parametrize("layer", LAYERS)
def test_no_code_puts_a_group_of_states_or_kinds_together(layer: str) -> None:
    apart = {ROOT / "schemas/vocabulary", TRANSITIONS, TARGETS}
    files = [file for file in (ROOT / layer).rglob("*.py") if apart.isdisjoint({file, *file.parents})]
    found = [
        f"{file.relative_to(ROOT)}: {each}"
        for file in files
        for each in groups_in_python(file.read_text(encoding="utf-8"))
    ]
    assert not found


@pytest.mark.parametrize(
    "text",
    [
        "WHERE e.state IN ('SCHEDULED', 'RETRYING')",
        "WHERE state NOT IN (\n  'POSTED',\n  'DISMISSED')",
        "WHERE state = ANY('{SENDING,ACCEPTED}'::text[])",
        "WHERE state <> ALL (ARRAY['SENDING', 'ACCEPTED'])",
        "WHERE (state = 'SENDING' OR state = 'ACCEPTED') AND x",
        "WHERE e.state <> 'POSTED' AND e.state <> 'DISMISSED'",
        "WHERE stage IN ('decode', 'rules')",
        "WHERE reason IN ('FOUND_TWICE', 'TOTAL_DIFFERS')",
    ],
)
def test_control_a_list_in_sql_is_found(text: str) -> None:
    assert lists_in_sql(f"SELECT 1 FROM effects e {text}")


@pytest.mark.parametrize(
    "text",
    [
        "WHERE is_ready(e.state) AND e.state <> 'SENDING'",
        "WHERE kind IN ('return', 'payout_failed')",
        "WHERE e.state = ANY(%s) -- not state IN ('SENDING', 'ACCEPTED')",
        "WHERE state = 'SENDING' OR reason = 'FOUND_TWICE'",
        "WHERE waiting = 'AWAITING_REVIEW' OR waiting = 'AWAITING_FEE' AND received_at < now()",
    ],
)
def test_control_other_sql_is_left_alone(text: str) -> None:
    assert not lists_in_sql(f"SELECT 1 FROM effects e {text}")


@pytest.mark.parametrize(
    "text",
    [
        "_OPEN = frozenset({State.SCHEDULED, State.RETRYING})",
        "if state in (State.SENDING, State.ACCEPTED): ...",
        "_OPEN = WAITING | READY",
        "_ENDED = SKIPPED | {State.DISMISSED}",
        "_REST = frozenset(State) - DEAD",
        "if kind in (EntryKind.REFUND, EntryKind.RETURN): ...",
    ],
)
def test_control_a_group_in_python_is_found(text: str) -> None:
    assert groups_in_python(text)


@pytest.mark.parametrize("text", ["holds | {State.PAUSED}", "{State.PAUSED}", "{x.state, *x.holds} & HELD", "IN_LANE"])
def test_control_what_is_computed_is_no_group(text: str) -> None:
    assert not groups_in_python(text)
