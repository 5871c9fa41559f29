"""The figures of a day or a week, and what of them a signature stands for. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

import msgspec

from schemas.vocabulary import NOT_BOOKED, State
from sinks.operations.queries.sums import KindSum, Money
from sinks.operations.queries.transactions import DayCheck
from sinks.operations.reconcile.run import CauseSum


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of payment and tender at one target, in minor units with the practice's cash sign.

    Payments with their fee adjustments and what takes them back are one money (`Money`); others are lines of their own.
    """

    target: str
    money: Money
    payment_kind: str | None
    tender: str | None
    currency: str
    entries: int
    posted_minor: int
    by_hand_minor: int
    """Recorded by people, with the amounts that they entered (POST-10)."""
    open_minor: int
    """Not in the books yet, and to come there."""
    left_out_minor: int
    """Skipped by a setting, dismissed, withdrawn: not counted (VER-5)."""


class Place(StrEnum):
    """Where an entry counts in a line."""

    POSTED = "POSTED"
    BY_HAND = "BY_HAND"
    OPEN = "OPEN"
    LEFT_OUT = "LEFT_OUT"


class InPms(msgspec.Struct, frozen=True, kw_only=True):
    """What the practice's own system has of a kind of entry with these dates, as it was last read."""

    kind: str
    ours: bool
    """This program wrote it; else people did."""
    entries: int
    amount_minor: int


class Found(StrEnum):
    """How an entry that this program posted stands in the practice's own system, as that was last read."""

    SAME = "SAME"
    CHANGED = "CHANGED"
    """Another amount than was posted."""
    GONE = "GONE"
    NOT_READ = "NOT_READ"
    """Posted since it was last read, or by a route that is not read."""


class FoundSum(msgspec.Struct, frozen=True, kw_only=True):
    found: Found
    entries: int
    posted_minor: int
    there_minor: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What a signature stands for: another figure, and the day is open again."""

    lines: tuple[Line, ...]
    waiting_events: int
    """Payments that were reported and have no entry yet."""
    changed_there: int
    gone_there: int


class SignOff(msgspec.Struct, frozen=True, kw_only=True):
    """A signature, with what was signed."""

    day: date
    signed_by: str
    signed_at: datetime
    why: str
    complete: bool
    figures: Figures


class DayStatus(StrEnum):
    """Of a day's signature."""

    OPEN = "OPEN"
    SIGNED = "SIGNED"
    REOPENED = "REOPENED"
    """Signed, and not the same any more."""


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """A day or a week of one practice."""

    practice_id: str
    from_day: date
    to_day: date
    zone: str
    currency: str
    check: DayCheck
    figures: Figures
    in_pms: tuple[InPms, ...]
    found: tuple[FoundSum, ...]
    read_at: datetime | None
    """When the practice's own system was last read; None: never."""
    pms_minor: int
    reported_minor: int
    bank_minor: int
    in_transit_minor: int
    causes: tuple[CauseSum, ...]
    """Of the differences between what is booked, what was reported, and what payouts brought."""
    status: DayStatus
    signed: SignOff | None
    """Of a day; of a week its days have theirs."""
    changes: tuple[str, ...] = ()
    """What differs from what was signed."""
    days: tuple[SignedDay, ...] = ()
    """Of a week, each day with its signature."""


class SignedDay(msgspec.Struct, frozen=True, kw_only=True):
    day: date
    status: DayStatus
    signed_by: str | None
    check: DayCheck


def lines_of(sums: Iterable[KindSum]) -> tuple[Line, ...]:
    """Money by target, kind of payment and tender; what moves none is in no line."""
    found: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    for each in sums:
        if each.money is None or each.target is None or each.currency is None:
            continue
        counted = found[(each.target, each.money, each.payment_kind, each.tender, each.currency)]
        counted[0] += each.entries
        counted[1 + _PLACES.index(place_of(State(each.state)))] += each.amount_minor
    keys = sorted(found, key=lambda key: tuple(str(part or "") for part in key))
    return tuple(_line(key, found[key]) for key in keys)


def _line(key: tuple[Any, ...], counted: list[int]) -> Line:
    target, money, payment_kind, tender, currency = key
    entries, posted, by_hand, still_open, left_out = counted
    return Line(
        target=target,
        money=money,
        payment_kind=payment_kind,
        tender=tender,
        currency=currency,
        entries=entries,
        posted_minor=posted,
        by_hand_minor=by_hand,
        open_minor=still_open,
        left_out_minor=left_out,
    )


def place_of(state: State) -> Place:
    """Where entries of this state count."""
    if state is State.POSTED:
        return Place.POSTED
    if state is State.RECORDED_MANUALLY:
        return Place.BY_HAND
    return Place.LEFT_OUT if state in NOT_BOOKED else Place.OPEN


def states_at(*places: Place) -> tuple[State, ...]:
    """The states of what counts there."""
    return tuple(each for each in State if place_of(each) in places)


def check_of(sums: Iterable[KindSum]) -> DayCheck:
    """How many entries are in the books, of those that should be (VER-5)."""
    kept = tuple(sums)
    entries = sum(each.entries for each in kept)
    left = sum(each.entries for each in kept if State(each.state) in NOT_BOOKED)
    settled = sum(each.entries for each in kept if place_of(State(each.state)) in (Place.POSTED, Place.BY_HAND))
    return DayCheck(entries - left, settled, left)


def version_of(figures: Figures) -> str:
    """What a person saw, for their signature: it is refused where the figures are others by then (E-15)."""
    return sha256(msgspec.json.encode(figures)).hexdigest()[:32]


def changes_between(signed: Figures, now: Figures) -> tuple[str, ...]:
    """What is otherwise than it was signed, in words; none: the signature stands."""
    before = {_name(each): each for each in signed.lines}
    after = {_name(each): each for each in now.lines}
    found = [
        f"{name}: {label} {_shown(was, field)} when it was signed, {_shown(new, field)} now"
        for name in sorted(before.keys() | after.keys())
        for was, new in ((before.get(name), after.get(name)),)
        for field, label in _FIELDS.items()
        if _amount(was, field) != _amount(new, field)
    ]
    for field, label in _COUNTS.items():
        if getattr(signed, field) != getattr(now, field):
            found.append(f"{label}: {getattr(signed, field)} when it was signed, {getattr(now, field)} now")
    return tuple(found)


_PLACES = tuple(Place)
_FIELDS = {
    "entries": "entries",
    "posted_minor": "posted",
    "by_hand_minor": "entered by hand",
    "open_minor": "not in the books",
    "left_out_minor": "left out",
}
_COUNTS = {
    "waiting_events": "payments without entries",
    "changed_there": "entries that were changed in the practice's own system",
    "gone_there": "entries that are gone from the practice's own system",
}


def _name(line: Line) -> str:
    parts = (line.target, line.money.value, line.payment_kind, line.tender, line.currency)
    return " ".join(part for part in parts if part)


def _amount(line: Line | None, field: str) -> int:
    return 0 if line is None else getattr(line, field)


def _shown(line: Line | None, field: str) -> str:
    amount = _amount(line, field)
    return str(amount) if field == "entries" else f"{amount / 100:.2f}"
