"""The lines of a go-live checklist, as people and machines are shown them (C4, SET-24)."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class LineItem(StrEnum):
    ENTITLEMENT = "entitlement"
    SETTINGS = "settings"
    CONNECTION = "connection"
    QUICKBOOKS = "quickbooks"
    TEST_POST = "test post"
    REVERSAL = "test post reversed"


class ChecklistLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the checklist. `passed` None: not reached, or open."""

    item: LineItem
    what: str
    passed: bool | None
    advice: str = ""


class Checklist(msgspec.Struct, frozen=True, kw_only=True):
    practice_id: str
    lines: tuple[ChecklistLine, ...]
    check_no: int | None = None
    switched_on: bool = False
    left_elsewhere: tuple[str, ...] = ()
    """Markers of entries that an unfinished check left at an account that is no longer connected."""
    notes: tuple[str, ...] = ()
    """What works and should be known all the same (SET-23)."""

    @property
    def failed(self) -> bool:
        """A line did not pass, however far the check went."""
        return any(line.passed is False for line in self.lines)

    @property
    def passed(self) -> bool:
        return bool(self.lines) and all(line.passed for line in self.lines)
