"""The table of scenarios names tests that exist, and every scenario that it must have."""

from __future__ import annotations

import ast
import re

from tests.citations import ROOT

TABLE = ROOT / "tests/scenarios/README.md"
WANTED = {"49", "51", "52", "53", "54", "55", "64", "67", "68", "69", "72"}
_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_every_test_of_the_table_exists() -> None:
    """A test that is renamed takes its row along."""
    named = _NAMED.findall(TABLE.read_text(encoding="utf-8"))
    assert named
    for file, name in named:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        found = {each.name for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert name in found, f"{file} has no {name}"


def test_no_scenario_of_the_table_is_missing() -> None:
    rows = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if _NAMED.search(line)]
    assert {line.split("|")[1].strip() for line in rows} >= WANTED
