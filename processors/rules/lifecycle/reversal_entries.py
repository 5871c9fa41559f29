"""Builds the entries that follow others: with lane, patient, provider and connection of their origin (R-13, law 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import msgspec

from processors.rules.lifecycle.allocate_refund import PartAmount, RefundSplit
from processors.rules.lifecycle.change import NewEntry
from processors.rules.lifecycle.entries import Family, Line, own_payments, total
from processors.rules.lifecycle.follower_state import (
    COMPANION_OFF,
    NET_NOT_POSITIVE,
    UNTOUCHED,
    PlannedState,
    dependency_of,
    following_state,
)
from processors.rules.lifecycle.payment_state import EntryState
from schemas.bookkeeping.companion import is_debit_first
from schemas.events import Event
from schemas.plan import PartKey, PlannedEntry
from schemas.vocabulary import DEAD, OWN_CASH, SKIPPED, EntryKind, State


class EntryBuilder(msgspec.Struct, frozen=True, kw_only=True):
    """Builds the entries of one event; holds what they have in common."""

    event: Event
    ref: str
    """The upstream's id of what they book: refund, return, dispute, payment."""
    original: str
    """The payment or payout that they belong to."""
    on: date
    companion: bool = True
    """Off: companions are shown as skipped (N-2)."""
    split: RefundSplit | None = None
    """What they book, where it is not the original's own money."""

    def entry(
        self,
        origin: EntryState,
        kind: EntryKind,
        part: str,
        amount_minor: int,
        initial: PlannedState,
        depends_on: tuple[EntryKind, str] | None = None,
        *,
        alone: bool = False,
    ) -> NewEntry:
        """One entry behind `origin`, unless it depends on another of its own event or stands `alone`."""
        split, instruction = self.split, origin.instruction
        return NewEntry(
            effect=PlannedEntry(
                target=origin.target,
                entry_kind=kind,
                part=part,
                depends_on=depends_on,
                state=initial.state,
                holds=initial.holds,
                reason=initial.reason,
                due_at=initial.due_at,
                lane=origin.lane,
                instruction=msgspec.structs.replace(
                    instruction,
                    entry_kind=kind,
                    amount_minor=amount_minor,
                    ledger_date=self.on,
                    occurred_at=self.event.occurred_at,
                    payment_ref=self.ref,
                    original_ref=self.original,
                    original_date=instruction.ledger_date,
                    gross_minor=split.gross if split else instruction.gross_minor,
                    fee_minor=split.fee if split else instruction.fee_minor,
                    surcharge_minor=split.surcharge if split else instruction.surcharge_minor,
                    allocation=instruction.allocation if alone and _is_own(kind, part) else None,
                    office_level=instruction.office_level or initial is UNTOUCHED,
                ),
            ),
            behind=None if depends_on or alone else dependency_of(origin),
            connection_id=origin.connection_id,
        )

    def pair(
        self,
        origin: EntryState,
        kind: EntryKind,
        part: str,
        cash: int,
        companion: int,
        initial: PlannedState,
        *,
        companion_part: str | None = None,
        first: tuple[EntryKind, str] | None = None,
        alone: bool = False,
    ) -> Iterator[NewEntry]:
        """The cash and its companion, which waits for it: `cash + companion` counts toward the balance (R-15). `first`:
        what the cash itself waits for (B-1).

        A payment that stands `alone` waits for a companion that is a debit (N-10). What follows another entry does not:
        it lies on no charge, and its cash is what asks first whether its original still stands (R-20).
        """
        credit = part if companion_part is None else companion_part
        off = not self.companion and initial.state is not State.SKIPPED_DISABLED
        credited = COMPANION_OFF if off else initial
        fee = EntryKind.FEE_ADJUSTMENT
        own = alone and kind in OWN_CASH and credited.state not in SKIPPED
        if own and is_debit_first(cash, companion):
            yield self.entry(origin, fee, credit, companion, credited, first, alone=alone)
            yield self.entry(origin, kind, part, cash, initial, (fee, credit), alone=alone)
            return
        if cash:
            yield self.entry(origin, kind, part, cash, initial, first, alone=alone)
        if companion:
            behind = (kind, part) if cash else first
            yield self.entry(origin, fee, credit, companion, credited, behind, alone=alone)

    def refund_entries(
        self,
        lines: Sequence[Line],
        kind: EntryKind,
        *,
        charges: bool = False,
        initial: PlannedState | None = None,
        beside: bool = False,
    ) -> Iterator[NewEntry]:
        """What an event gives back or brings back, part by part; `charges`: the membership's charge with it (B-1).

        Where the fee turns the sign of the whole, nothing is posted automatically (as N-9). `beside`: the same event
        also brings payments, whose companions have the plain parts.
        """
        if self.split is None:
            return
        turned = self.split.gross * sum(amount.cash for amount in self.split.amounts) < 0
        for amount in self.split.amounts:
            origin = origin_of(lines, amount.share.part)
            if origin is None:
                continue
            chosen = initial or following_state(origin)
            if turned and chosen.state is State.SCHEDULED:
                chosen = NET_NOT_POSITIVE
            part = amount.share.part
            credit = str(PartKey(place=part, of_refund=True)) if beside else None
            yield from self.pair(origin, kind, part, amount.cash, amount.companion, chosen, companion_part=credit)
            if charges:
                yield from self._charge(lines, amount)

    def _charge(self, lines: Sequence[Line], amount: PartAmount) -> Iterator[NewEntry]:
        """As much of the charge as the refund takes off the balance, else the patient owes it (B-1)."""
        part = amount.share.part
        booked = [x for x in lines if x.family is Family.CHARGE and x.root == part and x.booked]
        origin = newest(x for x in booked if x.entry.entry_kind is EntryKind.CHARGE)
        if origin is None:
            return
        goes = max(amount.applied, -total(booked, Family.CHARGE))
        if goes:
            yield self.entry(origin, EntryKind.CHARGE_REVERSAL, part, goes, following_state(origin))


def _is_own(kind: EntryKind, part: str) -> bool:
    """The payment's own entries are laid on charges as the payment was; what follows them never is (ALL-1)."""
    return kind in OWN_CASH or (kind is EntryKind.FEE_ADJUSTMENT and not PartKey.parse(part).of_refund)


def origin_of(lines: Iterable[Line], part: str) -> EntryState | None:
    """The entry that money of a part follows: its payment; its companion where the fee took all of it.

    A payment that itself depends on a payment is a difference (a fee that became less), not the payment.
    """
    own = [line for line in lines if not line.is_refund and line.root == part]
    paid = [line for line in own if line.entry.entry_kind in OWN_CASH]
    booked = {entry.effect_id for entry in own_payments(line.entry for line in own)}
    moved = [x for x in paid if x.entry.state is not State.SKIPPED_ZERO and x.entry.effect_id in booked]
    credited = [line for line in own if line.entry.entry_kind is EntryKind.FEE_ADJUSTMENT]
    return least_sure(moved) or least_sure(credited) or newest(paid)


def newest(lines: Iterable[Line]) -> EntryState | None:
    """The one that was stored last: a later version stands in the place of an earlier one."""
    return max((line.entry for line in lines), key=lambda entry: entry.effect_id, default=None)


def least_sure(lines: Sequence[Line]) -> EntryState | None:
    """Of the newest event's pieces (law 18: one payment laid on several charges), the one that is the furthest from
    standing: what follows all of them waits for it."""
    last = newest(lines)
    if last is None:
        return None
    pieces = [x.entry for x in lines if (x.entry.source, x.entry.event_id) == (last.source, last.event_id)]
    return max(pieces, key=lambda entry: (_unsure(entry), entry.effect_id))


def _unsure(entry: EntryState) -> int:
    if dependency_of(entry) is None:
        return 3
    if entry.state in DEAD:
        return 2
    return 0 if entry.state is State.POSTED else 1
