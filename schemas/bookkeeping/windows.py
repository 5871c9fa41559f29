"""The windows of a practice through all versions of its settings: none overlaps, none is left out (T-2, T-7).

Every window ends at the first cut-off after its start, by the version in force at its start. So a change of zone,
cut-off or working days takes effect at the boundary that comes next, and a window that is open keeps the end that
payments in it were already given. Which version decides everything else: E-8.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from datetime import UTC, date, datetime
from typing import Final

import msgspec

from schemas.bookkeeping.cut_offs import Calendar, Window, calendar_of, local_date
from schemas.practice_settings import LedgerDate, PracticeSettings, SettingsHistory, SettingsVersion

REMEMBERED: Final = 4096
"""Histories whose windows are kept, as many as are kept decoded (`streams.kafka.settings_view`)."""
_ALWAYS: Final = datetime.min.replace(tzinfo=UTC)
_BUSINESS_DATE: Final = LedgerDate.BUSINESS_DATE


class Piece(msgspec.Struct, frozen=True):
    """From `begins` on, windows end at the cut-offs of `calendar`, until the next piece begins."""

    begins: datetime
    effective_from: datetime
    """Of the version that brought it; `begins` is never earlier."""
    calendar: Calendar


class Windows:
    """One practice's windows. Pure; made once per history."""

    __slots__ = ("_begins", "_pieces")

    def __init__(self, history: SettingsHistory) -> None:
        """The history has a version."""
        self._pieces = _pieces(history.versions)
        self._begins = [piece.begins for piece in self._pieces]

    def window(self, at: datetime, known_at: datetime) -> Window:
        """The one window that contains `at`, by the versions that were in force by `known_at`.

        The two differ only for a sender whose clock is ahead: `known_at` is then the arrival (law 15), so that a
        version saved in between, which RULES may or may not have read, decides nothing.
        """
        pieces = self._pieces
        if len(pieces) == 1:
            return pieces[0].calendar.window(at)
        chosen = bisect_right(self._begins, at) - 1
        while pieces[chosen].effective_from > known_at and chosen:
            chosen -= 1
        piece = pieces[chosen]
        found = piece.calendar.window(at)
        return found if found.start >= piece.begins else Window(piece.begins, found.end, found.business_date)


def _pieces(versions: tuple[SettingsVersion, ...]) -> tuple[Piece, ...]:
    """A version that names another calendar begins at the first boundary at or after its effective time.

    Where several become effective within one window, all begin at its end, and the last of them stands.
    """
    first, *later = versions
    pieces = [Piece(_ALWAYS, _ALWAYS, calendar_of(first.settings))]
    for version in later:
        last, calendar = pieces[-1], calendar_of(version.settings)
        if calendar is last.calendar:
            continue
        at = version.effective_from
        begins = last.begins if at <= last.begins else last.calendar.first_at_or_after(at)
        pieces.append(Piece(begins, at, calendar))
    return tuple(pieces)


_made: Final[OrderedDict[int, tuple[SettingsHistory, Windows]]] = OrderedDict()


def windows_of(history: SettingsHistory) -> Windows:
    """The windows of a history that has a version, made once for each object: a decision asks for them every time.

    Kept by identity beside the object itself, so that an id is never another's. One thread.
    """
    found = _made.get(id(history))
    if found is not None and found[0] is history:
        return found[1]
    made = Windows(history)
    _made[id(history)] = (history, made)
    if len(_made) > REMEMBERED:
        _made.popitem(last=False)
    return made


def ledger_date(
    history: SettingsHistory, settings: PracticeSettings, occurred_at: datetime, arrived_at: datetime
) -> date:
    """The date that an entry carries at the PMS (T-6): the civil one of `occurred_at`, or by setting its window's.

    `settings` are those of the version that decides (E-8).
    """
    if settings.ledger_date is _BUSINESS_DATE:
        return windows_of(history).window(occurred_at, min(occurred_at, arrived_at)).business_date
    return local_date(occurred_at, settings.zone)
