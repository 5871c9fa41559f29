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
        "entries post": "“Post to Ledger”",
        "entries post|record|dismiss": "“Post to Ledger”, “Mark Recorded” or “Dismiss”",
        "entries record": "“Mark Recorded”",
        "entries dismiss": "“Dismiss”",
        "link": "Link Patient Record",
        "user": "the page Users",
        "console": "the page Users",
        "payouts": "the page Payouts",
        "payouts accept": "“The bank is right”",
        "payouts dismiss": "“Nothing is to be done”",
        "sync": "the page Integrations",
        "sync changes": "the page To do",
        "worklist": "the work list",
        "dlq": "the page Operations",
        "dlq list": "the page To do",
        "dlq redrive": "“Send again”",
    }
)
"""Where that is done which a command, or else its group of commands, does."""
_OPEN_DATE: Final = "“Post with the first open date”"
_ELSEWHERE: Final = "whoever runs Writeback"
_SINGLE: Final = frozenset({"targets", "whatif", "worklist", "explain", "results", "lag", "reconcile"})
"""Commands without a subcommand: the next word is not theirs."""
_QUOTED: Final = re.compile(r"`writeback ([a-z-]+)((?: [a-z|-]+)?)([^`]*)`")
_WAIVER: Final = re.compile(r",? ?\(or --without-golive WHY, which is audited\)")
_OPTION: Final = re.compile(r"(?<![\w-])--([a-z]+(?:-[a-z]+)*)(?: [A-Z]{2,})?")


def in_the_browser(text: str, practice_id: str = "") -> str:
    """The text with the name of a page for each command, and the plain words of each option. What has no page is done
    by whoever runs the program."""
    named = re.escape(practice_id) if practice_id else r"(?!)"
    plain = re.compile(rf"writeback ([a-z-]+)((?: [a-z-]+)?(?: (?:[A-Z]{{2,}}|--[a-z-]+|{named}(?!\S)))*)")
    found = _WAIVER.sub("", text)
    found = _QUOTED.sub(_quoted, found)
    found = plain.sub(_plain, found).replace("--first-open-date", _OPEN_DATE)
    return _OPTION.sub(lambda match: f"“{match[1].replace('-', ' ')}”", found)


def _quoted(match: re.Match[str]) -> str:
    return _OPEN_DATE if "--first-open-date" in match[3] else _page(match[1], match[2])


def _plain(match: re.Match[str]) -> str:
    kept = match[2] if match[1] in _SINGLE and match[2][1:2].islower() else ""
    return f"{_page(match[1], match[2])}{kept}"


def _page(group: str, words: str) -> str:
    command = " ".join((group, *words.split()[:1]))
    return _PAGES.get(command) or _PAGES.get(group, _ELSEWHERE)
