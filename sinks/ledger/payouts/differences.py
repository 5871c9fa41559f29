"""What becomes of the differences of some items: new ones are stored, those that are gone end, the others stay (P-23).

Pure: what was found now and what was found before go in, what is to be written comes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from processors.rules.lifecycle.payout_comparison import FoundDifference
from schemas.events import PayoutCategory
from schemas.vocabulary import DifferenceEnd, DifferenceKind


class KnownDifference(msgspec.Struct, frozen=True):
    """A stored difference of an item, open or ended."""

    number: int
    kind: DifferenceKind
    category: PayoutCategory
    subject: str
    payout_id: str
    other_payout_id: str | None
    reported_minor: int | None
    paid_minor: int | None
    ended_at: datetime | None
    ended_as: DifferenceEnd | None

    def says(self, found: FoundDifference, other_payout_id: str | None) -> bool:
        """The same difference, to the cent: told once, whatever became of it."""
        mine = (self.kind, self.reported_minor, self.paid_minor, self.other_payout_id)
        return mine == (found.kind, found.reported_minor, found.paid_minor, other_payout_id)


class ItemFindings(msgspec.Struct, frozen=True, kw_only=True):
    """What an item of a payout differs in now."""

    category: PayoutCategory
    subject: str
    payout_id: str
    payment_id: str | None
    found: tuple[tuple[FoundDifference, str | None], ...]
    """Each with the other payout, where it is in two."""


class NewDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One to store."""

    item: ItemFindings
    found: FoundDifference
    other_payout_id: str | None


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written."""

    new: tuple[NewDifference, ...]
    ended: tuple[int, ...]
    """Numbers of those that upstream has corrected."""


def settle(items: Iterable[ItemFindings], known: Sequence[KnownDifference]) -> Settled:
    """New ones are those that nobody was told of; one that ended and is there again was told, unless upstream had ended
    it: then it is news."""
    new: list[NewDifference] = []
    ended: list[int] = []
    for item in items:
        mine = [each for each in known if _is_of(each, item)]
        for found, other in item.found:
            told = [each for each in mine if each.says(found, other)]
            if not any(each.ended_as is not DifferenceEnd.UPSTREAM for each in told):
                new.append(NewDifference(item=item, found=found, other_payout_id=other))
        still_open = (each for each in mine if each.ended_at is None)
        ended += [each.number for each in still_open if not any(each.says(*found) for found in item.found)]
    return Settled(new=tuple(new), ended=tuple(ended))


def _is_of(known: KnownDifference, item: ItemFindings) -> bool:
    """Of this item in this payout; that the payment was in no payout is over with the first one that carries it."""
    same = (known.category, known.subject) == (item.category, item.subject)
    return same and known.payout_id in (item.payout_id, "")
