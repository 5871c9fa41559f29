"""The payments, payouts and records that a notice is about, a line each: ids, amounts, times; never a patient (H-5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from schemas.bookkeeping.money import Money

SHOWN: Final = 5
"""Cases that a message names; the others are counted. A letter is read on a telephone."""
LONGEST_ID: Final = 80
"""Characters of an id that a line shows: an id may be as long as 255."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One of the things that a notice counts, by the ids that the practice's systems and its ledger have for it."""

    subject: str
    """The payment, payout, refund or dispute; of a record that was not understood, its event's id."""
    of: str | None = None
    """The payment or payout that it is about, where it is not that itself."""
    entry: int | None = None
    amount_minor: int | None = None
    currency: str | None = None
    at: datetime | None = None
    """Since when it is open."""
    answer_by: datetime | None = None
    """By when somebody else wants an answer (R-10)."""


class Reader(msgspec.Struct, frozen=True):
    """The practice as its letters name it, and its time zone."""

    name: str | None = None
    zone: str | None = None

    def local(self, instant: datetime) -> str:
        """An instant in the practice's own time, named; in UTC while the practice has no settings. Pure."""
        zone = ZoneInfo(self.zone or "UTC")
        return f"{instant.astimezone(zone):%Y-%m-%d %H:%M} {self.zone or 'UTC'}"


UNNAMED: Final = Reader()


def case_lines(cases: Sequence[Case], count: int, reader: Reader) -> str:
    """The cases, each on a line of its own, and how many more there are. Empty where none is known. Pure."""
    lines = [f"- {_line(case, reader)}" for case in cases[:SHOWN]]
    if lines and (rest := count - len(lines)) > 0:
        lines.append(f"- and {rest} more")
    return "\n".join(lines)


def _line(case: Case, reader: Reader) -> str:
    parts = [plain(case.subject) + (f" (about {plain(case.of)})" if case.of and case.of != case.subject else "")]
    if case.amount_minor is not None and case.currency is not None:
        parts.append(str(Money(case.amount_minor, case.currency)))
    if case.entry:
        parts.append(f"entry e:{case.entry}")
    if case.at is not None:
        parts.append(f"since {reader.local(case.at)}")
    if case.answer_by is not None:
        parts.append(f"answer by {reader.local(case.answer_by)}")
    return ", ".join(parts)


def plain(text: str) -> str:
    """A foreign text as it may stand in a message: one line, printable, of a length that can be read. Pure."""
    shown = "".join(each if each.isprintable() else "?" for each in text)
    return shown if len(shown) <= LONGEST_ID else shown[: LONGEST_ID - 1] + "…"
