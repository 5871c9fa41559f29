"""Reversals of what stands: one per part and kind of figure, of what all its entries come to (R-1, R-7, B-1, law 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from schemas.states import EntryKind
from sinks.ledger.lives.change import Planned
from sinks.ledger.lives.fates import fate
from sinks.ledger.lives.lines import Family, Line, total
from sinks.ledger.lives.parts import is_taking_back, of_refund, reversal_part, taken_back
from sinks.ledger.lives.reversing import Order, newest

_ORDER: Final = (Family.CASH, Family.COMPANION, Family.WRITE_OFF, Family.CHARGE)


def taking_back(order: Order, kept: Sequence[Line], version: int) -> Iterator[Planned]:
    """What brings every figure of these entries to nothing. The reversal depends on the entry that it names.

    A cash figure that an assessment or a refund changed is taken back as it stands now, in one entry (R-7).
    """
    for part in dict.fromkeys(line.root for line in kept):
        for family in _ORDER:
            lines = [line for line in kept if line.root == part and line.family is family]
            amount = -total(lines, family)
            origin = newest(_named(lines)) or newest(lines)
            if amount and origin is not None:
                kind = EntryKind.CHARGE_REVERSAL if family is Family.CHARGE else EntryKind.REVERSAL
                name = _name(lines, origin.entry_kind, origin.part, part)
                yield order.entry(origin, kind, reversal_part(*name, version), amount, fate(origin))


def _named(lines: Iterable[Line]) -> Iterator[Line]:
    """What is not itself a difference or a reversal."""
    return (line for line in lines if not is_taking_back(line.entry.part))


def _name(lines: Sequence[Line], kind: EntryKind, entry_part: str, part: str) -> tuple[EntryKind, str]:
    """Kind and part as the payment has them; a refund's companion keeps its own name."""
    if is_taking_back(entry_part):
        kind = taken_back(entry_part)[0]
    given = kind is EntryKind.FEE_ADJUSTMENT and any(line.given for line in lines)
    return kind, of_refund(part) if given else part
