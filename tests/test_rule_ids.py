"""Every rule of the domain has a test that names its id; rules of later capabilities stand on a list."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.citations import cited_text, ids, laws
from tests.vectors.reading import cases

TESTS: Final = Path(__file__).parent
BY_AREA: Final[dict[str, dict[str, str]]] = tomllib.loads((TESTS / "rules.toml").read_text(encoding="utf-8"))
LATER: Final = BY_AREA.pop("later")
FEATURES: Final = BY_AREA.pop("features") | BY_AREA.pop("security") | BY_AREA.pop("linking")
LAWS: Final = {int(number): name for number, name in BY_AREA.pop("laws").items()}
RULES: Final = {rule: name for area in BY_AREA.values() for rule, name in area.items()}
CAPABILITIES: Final = frozenset({"linking and people", "targets"})
COUNTS: Final = {"M": 9, "N": 10, "R": 21, "I": 12, "B": 6, "PL": 3, "T": 14, "E": 15, "P": 26}
"""How many rules each letter has, later ones included."""

_ID: Final = re.compile(r"\b(?:M|N|R|I|B|PL|T|E|P)-\d+\b")


def named() -> set[str]:
    """The ids in the text of test functions and state machines, and those of the worked cases."""
    found = {rule for case in cases() for rule in case.rules}
    for file in TESTS.rglob("test_*.py"):
        if file != Path(__file__):
            for text in _tests_of(file):
                found |= set(ids(text))
    return found


def _tests_of(file: Path) -> Iterator[str]:
    source = file.read_text(encoding="utf-8")
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            yield "\n".join(lines[first - 1 : node.end_lineno])
        elif isinstance(node, ast.ClassDef) and any("StateMachine" in ast.unparse(base) for base in node.bases):
            yield "\n".join(lines[node.lineno - 1 : node.end_lineno])


def test_every_law_has_a_test_that_names_it() -> None:
    """The laws of `rules.toml`, and nobody cites another. A file of tests may name its law once, at its head."""
    assert list(LAWS) == list(range(1, len(LAWS) + 1))
    cited = {law for file in TESTS.rglob("test_*.py") if file != Path(__file__) for law in laws(cited_text(file))}
    assert not cited - LAWS.keys()
    missing = {law: LAWS[law] for law in LAWS.keys() - cited}
    assert not missing, f"no test names: {missing}"


def test_every_rule_has_a_test_that_names_it() -> None:
    """The ids of `rules.toml`, one by one."""
    missing = {rule: RULES[rule] for rule in RULES.keys() - named()}
    assert not missing, f"no test names: {missing}"


def test_the_list_is_whole() -> None:
    """No id of the domain is left out, and none stands twice."""
    assert sum(len(area) for area in BY_AREA.values()) == len(RULES)
    listed = RULES.keys() | LATER.keys()
    counted = {f"{letter}-{number}" for letter, count in COUNTS.items() for number in range(1, count + 1)}
    assert listed == counted
    assert not RULES.keys() & LATER.keys()


def test_what_comes_later_is_not_here_yet() -> None:
    """A rule of a later capability names that capability, and no test names it already."""
    assert set(LATER.values()) <= CAPABILITIES
    assert not LATER.keys() & named(), "move what is built to its own area"


def test_no_case_names_a_rule_that_nobody_knows() -> None:
    """A mistyped id would prove nothing."""
    known = RULES.keys() | LATER.keys()
    unknown = {rule for case in cases() for rule in case.rules if _ID.fullmatch(rule) and rule not in known}
    assert not unknown
