"""What each version of a payment adds to the one before it, so that the one that stands counts once. Pure (E-11)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

EventKey = tuple[str, str]
"""Source and event id."""


class Amounts(msgspec.Struct, frozen=True, kw_only=True):
    """Minor units."""

    gross: int = 0
    fee: int = 0
    surcharge: int = 0

    def less(self, other: Amounts) -> Amounts:
        return Amounts(
            gross=self.gross - other.gross, fee=self.fee - other.fee, surcharge=self.surcharge - other.surcharge
        )


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as one event reports it: the original, a correction, or the bank's word about one of them (P-23)."""

    event: EventKey
    payment_id: str
    order: tuple[int, int]
    """The higher one stands (`Reported.order`)."""
    before: bool
    """It happened before the stretch."""
    amounts: Amounts | None
    """None: its bytes are not kept any more."""
    waits: bool = False
    """It has no entries yet: those of the version before it stand."""


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """What the versions of the stretch add to what was reported before it."""

    by_event: dict[EventKey, Amounts | None]
    """None: only the entries say it. Nothing for a version that is lower than one that happened before it."""
    elsewhere: dict[str, Amounts | None]
    """By payment: what stood of it when the stretch began."""
    ended: frozenset[EventKey] = frozenset()
    """Versions of the stretch that do not stand at its end: what was not posted of them never will be."""


def added(versions: Iterable[Version], voided: frozenset[str]) -> Added:
    """In the order in which they happened, which is that of the versions given. A payment that is voided in the stretch
    has no version that stands at its end: what stood before it is the void's to take back."""
    by_event: dict[EventKey, Amounts | None] = {}
    elsewhere: dict[str, Amounts | None] = {}
    ended: set[EventKey] = set()
    payments: dict[str, list[Version]] = defaultdict(list)
    for each in versions:
        payments[each.payment_id].append(each)
    for payment_id, mine in payments.items():
        ended |= {each.event for each in mine} - (set() if payment_id in voided else _with_entries(mine))
        stands: Version | None = None
        for each in mine:
            counts = stands is None or each.order > stands.order
            if each.before:
                elsewhere[payment_id] = each.amounts if counts or stands is None else stands.amounts
            elif payment_id in voided or not counts:
                by_event[each.event] = Amounts()
            else:
                by_event[each.event] = _less(each, stands)
            stands = each if counts else stands
    return Added(by_event=by_event, elsewhere=elsewhere, ended=frozenset(ended))


def _with_entries(versions: list[Version]) -> set[EventKey]:
    """The version whose entries stand, and those that wait above it."""
    resolved = max((each for each in versions if not each.waits), key=lambda each: each.order, default=None)
    return {each.event for each in versions if resolved is None or each.order >= resolved.order}


def _less(version: Version, before: Version | None) -> Amounts | None:
    if before is None:
        return version.amounts
    if version.amounts is None or before.amounts is None:
        return None
    return version.amounts.less(before.amounts)
