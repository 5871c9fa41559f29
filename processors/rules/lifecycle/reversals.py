"""Reverses entries that stand: one reversal per part and figure, of its entries' total (R-1, R-7, B-1, law 2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from processors.rules.lifecycle.change import NewEntry
from processors.rules.lifecycle.entries import Family, Line, total
from processors.rules.lifecycle.follower_state import following_state
from processors.rules.lifecycle.reversal_entries import EntryBuilder, least_sure
from schemas.plan import PartKey
from schemas.vocabulary import EntryKind

_ORDER: Final = (Family.CASH, Family.COMPANION, Family.WRITE_OFF, Family.CHARGE)


def reverse_entries(builder: EntryBuilder, kept: Sequence[Line]) -> Iterator[NewEntry]:
    """What brings every figure of these entries to nothing. The reversal depends on the entry that it names.

    A cash figure that an assessment or a refund changed is reversed as it stands now, in one entry (R-7).
    """
    for part in dict.fromkeys(line.root for line in kept):
        for family in _ORDER:
            lines = [line for line in kept if line.root == part and line.family is family]
            amount = -total(lines, family)
            origin = _named(lines)
            if amount and origin is not None:
                kind = EntryKind.CHARGE_REVERSAL if family is Family.CHARGE else EntryKind.REVERSAL
                named = str(PartKey.reversal(*_name(origin), origin.entry.instruction.version))
                yield builder.entry(origin.entry, kind, named, amount, following_state(origin.entry))


def _named(lines: Sequence[Line]) -> Line | None:
    """The entry that a figure is of: the payment's own before what followed it; a difference or an earlier reversal
    only where nothing else is."""
    plain = [line for line in lines if PartKey.parse(line.entry.part).reverses is None]
    own = [line for line in plain if not line.is_refund]
    ids = {line.entry.effect_id for line in own}
    roots = [line for line in own if line.entry.depends_on not in ids]
    chosen = roots or own or plain or lines
    first = least_sure(chosen)
    return next((line for line in chosen if line.entry is first), None)


def _name(line: Line) -> tuple[EntryKind, str]:
    """Kind and part as the payment has them; a refund's companion keeps its own name."""
    entry = line.entry
    kind = PartKey.parse(entry.part).reverses or entry.entry_kind
    refunds = line.is_refund and kind is EntryKind.FEE_ADJUSTMENT
    return kind, str(PartKey(place=line.root, of_refund=refunds))
