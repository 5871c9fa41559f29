"""The table of situations and routes names tests that exist, leaves no cell empty, and stands in README.md as it is."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.citations import ROOT
from tests.contract.situations import README, ROUTES, SITUATIONS, Played, every_test, table, written
from tests.scenarios.routes import ROUTES as IN_PIPELINES
from tests.scenarios.waiting import WITHIN_S

NUMBERS = set(range(38, 49))
"""Of the situations that a target can bring about."""


def collected() -> set[str]:
    """The ids of the tests in the files that the table names, as pytest gives them."""
    files = sorted({f"tests/{played.file}.py" for played in every_test()})
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--collect-only",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        *files,
    ]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=3 * WITHIN_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {line for line in done.stdout.splitlines() if "::" in line}


@pytest.mark.long
def test_every_test_of_the_table_exists() -> None:
    """By the ids that pytest collects, parameters included."""
    ids = collected()
    missing = [played for played in every_test() if not played.is_played_by(ids)]
    assert not missing
    gone = (
        Played("contract/test_port", "test_nothing"),
        Played("contract/test_port", "test_a_call_is_made_once", ("x y",)),
    )
    assert not any(played.is_played_by(ids) for played in gone), "the control: what does not exist is found"


def test_no_cell_is_empty() -> None:
    """Each situation on each route: a test, or why it cannot happen there."""
    assert {each.number for each in SITUATIONS} == NUMBERS
    assert ROUTES.keys() == IN_PIPELINES.keys()
    for each in SITUATIONS:
        assert each.by_route.keys() == ROUTES.keys(), each.what
        assert all(each.by_route.values()), each.what


def test_the_page_shows_the_table() -> None:
    """Repair: python -m tests.contract.situations."""
    page = README.read_text(encoding="utf-8")
    assert page == written(page)
    assert table() in page
