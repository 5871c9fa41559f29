"""Posts what the entries of a payment lack of its books: a difference is an effect of the event that came last (R-17).

In the order in which things happened there is none. It arises where facts came in another order and were divided
differently then: over patients, or between cash and fee, to a cent or by a changed surcharge.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from processors.rules.lifecycle.booking_terms import Terms
from processors.rules.lifecycle.books import Books, Figures
from processors.rules.lifecycle.change import NewEntry
from processors.rules.lifecycle.entries import Family, Line, total
from processors.rules.lifecycle.follower_state import following_state
from processors.rules.lifecycle.new_entries import Part
from processors.rules.lifecycle.payment_state import EntryState
from processors.rules.lifecycle.reversal_entries import EntryBuilder, newest, origin_of
from schemas.plan import PartKey
from schemas.vocabulary import NOT_WRITTEN, REFUND_CASH, SKIPPED, EntryKind


class Differences:
    """Between the books and the entries that stand, as new entries of one event. Pure."""

    def __init__(
        self,
        builder: EntryBuilder,
        lines: Sequence[Line],
        terms: Terms,
        planned: Mapping[int, Part],
        voided: Mapping[str, EntryState],
        *,
        keeps_ended: bool = True,
    ) -> None:
        self._builder = builder
        self._lines = lines
        self._terms = terms
        self._voided = voided
        """By part, the payment as it was planned, of which no entry stands: what follows it stands alone."""
        self._left_alone = NOT_WRITTEN if keeps_ended else SKIPPED
        self._planned = planned
        """Entries of the same event by the id that they will have: what follows one names its kind and part."""

    def to(self, books: Books, taken: Collection[Part]) -> tuple[NewEntry, ...]:
        """What is missing, part by part. `taken`: kinds and parts that the event has already (E-1)."""
        found: list[NewEntry] = []
        used = set(taken)
        for part in dict.fromkeys((*books.own, *books.given)):
            for each in self._of_part(part, books, used):
                used.add((each.effect.entry_kind, each.effect.part))
                found.append(each)
        return tuple(found)

    def _of_part(self, part: str, books: Books, used: Collection[Part]) -> Iterator[NewEntry]:
        wanted, given = books.total(part), books.given.get(part, Figures())
        mine = [line for line in self._lines if line.root == part and line.booked]
        origin = origin_of(mine, part) or self._voided.get(part)
        if origin is None:
            return
        own = [line for line in mine if not line.is_refund]
        if own and all(x.entry.state in self._left_alone for x in own):
            # Nothing of it is booked by us, whatever its fee: only what was given back is compared.
            mine, wanted = [line for line in mine if line.is_refund], given
        cash = wanted.cash - total(mine, Family.CASH)
        companion = 0
        if self._terms.companion and not self._terms.mirrored:
            companion = wanted.companion - total(mine, Family.COMPANION)
        if cash:
            kind, name = _cash_name(mine, part, cash)
            yield self._entry(origin, kind, name, cash, used)
        if companion:
            credit = str(PartKey(place=part, of_refund=True))
            yield self._entry(origin, EntryKind.FEE_ADJUSTMENT, credit, companion, used)
        charged = [line for line in mine if line.family is Family.CHARGE]
        charge = wanted.charge - total(charged, Family.CHARGE)
        owed = newest(line for line in charged if line.entry.entry_kind is EntryKind.CHARGE)
        if charge and owed is not None:
            yield self._entry(owed, EntryKind.CHARGE_REVERSAL, part, charge, used)

    def _entry(self, origin: EntryState, kind: EntryKind, part: str, amount: int, used: Collection[Part]) -> NewEntry:
        name = _free((kind, part), used)
        here, alone = self._planned.get(origin.effect_id), origin.effect_id == 0
        return self._builder.entry(origin, kind, name, amount, following_state(origin), here, alone=alone)


def _cash_name(mine: Sequence[Line], part: str, amount: int) -> Part:
    """It takes back some of what was given back last; where nothing was, it gives back, or takes back the payment."""
    given = [x for x in mine if x.is_refund and x.family is Family.CASH]
    plain = [x for x in given if x.entry.entry_kind in REFUND_CASH]
    last = newest(plain)
    if last is not None:
        return EntryKind.REVERSAL, str(PartKey.reversal(last.entry_kind, part, last.instruction.version))
    if amount < 0:
        return EntryKind.REFUND, part
    return EntryKind.REVERSAL, str(PartKey.reversal(EntryKind.PAYMENT, part, 1))


def _free(wanted: Part, used: Collection[Part]) -> str:
    """The part itself, or the first piece of it that the event has not (E-1)."""
    kind, part = wanted
    key, number = PartKey.parse(part), 0
    name = part
    while (kind, name) in used:
        name = str(msgspec.structs.replace(key, piece=number))
        number += 1
    return name


def by_id(ids: Mapping[Part, int]) -> dict[int, Part]:
    """Which kind and part stand under an id."""
    return {effect_id: part for part, effect_id in ids.items()}


def parts_of(effects: Iterable[NewEntry]) -> set[Part]:
    """The kinds and parts of an event's entries."""
    return {(each.effect.entry_kind, each.effect.part) for each in effects}
