"""What the operations say to whoever types commands, as whoever has the console alone reads it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_PAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "target": "the page Integrations",
        "targets": "the page Integrations",
        "quickbooks": "the page Integrations",
        "golive": "the page Go live",
        "settings": "the page Settings",
        "whatif": "the page Settings",
        "practice": "the page Integrations",
        "practice entitle": "the page Go live",
        "entries": "the page To do",
        "link": "Link Patient Record",
        "user": "the page Users",
        "console": "the page Users",
        "sync": "the page Integrations",
        "worklist": "the work list",
        "dlq": "the page Operations",
    }
)
"""Where that is done which a group of commands does."""
_ELSEWHERE: Final = "whoever runs Writeback"
_SINGLE: Final = frozenset({"targets", "whatif", "worklist", "explain", "results", "lag", "reconcile"})
"""Commands without a subcommand: the next word is not theirs."""
_QUOTED: Final = re.compile(r"`writeback ([a-z-]+)((?: [a-z-]+)?)[^`]*`")
_WAIVER: Final = re.compile(r",? ?\(or --without-golive WHY, which is audited\)")
_OPTION: Final = re.compile(r"(?<![\w-])--([a-z]+(?:-[a-z]+)*)(?: [A-Z]{2,})?")


def in_the_browser(text: str, practice_id: str = "") -> str:
    """The text with the name of a page for each command, and the plain words of each option. What has no page is done
    by whoever runs the program."""
    named = re.escape(practice_id) if practice_id else r"(?!)"
    plain = re.compile(rf"writeback ([a-z-]+)((?: [a-z-]+)?(?: (?:[A-Z]{{2,}}|--[a-z-]+|{named}(?!\S)))*)")
    found = _WAIVER.sub("", text)
    found = _QUOTED.sub(lambda match: _page(match[1], match[2]), found)
    found = plain.sub(_plain, found)
    return _OPTION.sub(lambda match: f"“{match[1].replace('-', ' ')}”", found)


def _plain(match: re.Match[str]) -> str:
    kept = match[2] if match[1] in _SINGLE and match[2][1:2].islower() else ""
    return f"{_page(match[1], match[2])}{kept}"


def _page(group: str, words: str) -> str:
    command = " ".join((group, *words.split()[:1]))
    return _PAGES.get(command) or _PAGES.get(group, _ELSEWHERE)
