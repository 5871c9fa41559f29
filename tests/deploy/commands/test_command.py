"""The `writeback` command: every sub-command is there, and what goes wrong is one clear line."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from deploy.command import COMMANDS
from tests.scenarios.waiting import WITHIN_S


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy.command", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, check=False)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_exists_and_explains_itself(name: str) -> None:
    """The table of commands points at functions with a docstring or at Typer apps with a help text."""
    module, _, attribute = COMMANDS[name].partition(":")
    found = getattr(importlib.import_module(module), attribute)
    assert (found.info.help or found.registered_callback) if isinstance(found, typer.Typer) else found.__doc__


def test_the_help_lists_every_command() -> None:
    """A stranger finds everything from `writeback --help`."""
    done = run("--help")
    assert done.returncode == 0
    for name in COMMANDS:
        assert re.search(rf"\b{name}\b", done.stdout)


def test_no_group_offers_to_install_completion() -> None:
    """It would be installed for a program of another name."""
    assert "completion" not in run("settings", "--help").stdout


def test_the_help_imports_nothing_heavy() -> None:
    """A role holds in memory only what it uses: the broker's and the database's clients load with the role."""
    program = (
        "import sys, deploy.command; print([m for m in ('confluent_kafka', 'psycopg', 'aiohttp') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=WITHIN_S, check=True)
    assert done.stdout.strip() == "[]"


def test_the_clock_is_set_advanced_and_shown(tmp_path: Path) -> None:
    """Business time of a rehearsal, from the command line."""
    file = ["--file", str(tmp_path / "clock")]
    assert run("clock", "set", "2026-03-02T17:30:00-05:00", *file).stdout.startswith("2026-03-02T22:30:0")
    assert run("clock", "advance", "1d2h", *file).stdout.startswith("2026-03-04T00:30:")
    assert run("clock", "show", *file).stdout.startswith("2026-03-04T00:30:")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("clock", "show"), "set WRITEBACK_REHEARSAL_CLOCK"),
        (("clock", "set", "noon", "--file", "x"), "'noon' is no instant"),
        (("clock", "advance", "1w", "--file", "x"), "'1w' is no span of time"),
        (("clock", "show", "--file", "/nowhere/clock"), "cannot be read"),
        (("relay", "--slot", "1"), "no broker and database to work with"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, what is wrong, what to do; no traceback."""
    monkeypatch.setenv("WRITEBACK_STATE_DIR", str(tmp_path))
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    done = run(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
