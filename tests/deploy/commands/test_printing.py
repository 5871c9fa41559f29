"""What the operator's commands print, whatever stands in the ledger."""

from __future__ import annotations

import getpass
import json
import os
import sys
from contextlib import redirect_stdout

import pytest

from deploy.commands.options import person
from deploy.commands.printing import VisibleText, print_json, print_table, visible


def test_no_text_of_others_reaches_the_terminal_as_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Escapes, line ends and marks that turn the direction are written out; brackets are no markup."""
    print_table("[/red] \x1b[2J", ("id",), [("[/b]\x1b]0;owned\x07\u202e\x9b",), (None,), ("Núñez – 診",)])
    said = capsys.readouterr().out
    assert "[/red] \\x1b[2J" in said
    assert "[/b]\\x1b]0;owned\\x07\\u202e\\x9b" in said
    assert "Núñez – 診" in said
    assert not {"\x1b", "\x07", "\u202e", "\x9b"} & set(said)


def test_a_line_stays_one_line() -> None:
    assert visible("a\r\nb\u2028c") == "a\\r\\nb\\u2028c"


def test_the_lines_of_a_cell_stand_below_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    """A tuple is several lines of our own; what stands in one of them makes no other."""
    print_table("", ("now",), [(("payment 1.00", "fee\nadjustment 0.10", None),)])
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "payment 1.00" in lines
    assert "fee\\nadjustment 0.10" in lines


def test_what_is_printed_is_shown_and_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever a command prints, and wherever its words come from."""
    with redirect_stdout(VisibleText(sys.stdout)):
        print("a\x1b[2Jb\u202ec\x9bd\te")
        print_table("x\x1b]0;y\x07", ("[red]a[/red]",), [("[blink]b\x1b[0m",)])
    said = capsys.readouterr().out
    assert said.startswith("a\\x1b[2Jb\\u202ec\\x9bd\te\n")
    assert "[blink]b\\x1b[0m" in said
    assert not {"\x1b", "\x07", "\u202e", "\x9b"} & set(said)


def test_a_json_document_says_the_same_and_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"name": "a\x1b[2J\x7f\x9b\u202e\U000e0041ü\U0001f9b7"}
    print_json(value)
    said = capsys.readouterr().out
    assert json.loads(said) == value
    assert all(each.isprintable() for each in said.rstrip("\n"))
    assert "ü" in said


def test_who_acts_has_a_name_even_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's user that stands in no list of users is told by its number."""

    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert person(None) == f"cli:uid-{os.getuid()}"
    assert person("ada") == "ada"
