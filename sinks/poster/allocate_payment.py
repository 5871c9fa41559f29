"""A payment laid on the charges that were read just before posting: oldest first, in minor units (ALL-1, M-6, N-7).

Pure. Law 18: once, from one stored read, into the payment itself and parts `a1, a2 …`. The effect is its own part a0
and keeps its name, because results about it have been published. What is laid on charges goes into it; what is left
over is a prepayment of its own; an allocation follows where a target needs to be told each amount; and the companion is
divided the same way, so that every charge comes to what counts toward the balance:
companion on a charge = FIFO(payment + companion) − FIFO(payment).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Final

import msgspec

from schemas.bookkeeping.money import fifo
from schemas.events import PaymentKind
from schemas.plan import Instruction, PartKey
from schemas.practice_settings import Allocation, FamilyBooking
from schemas.vocabulary import EntryKind, Target
from sinks.poster.planned_call import Work
from sinks.targets.port import Capabilities, Charge, Placement, Prepared

WITH_ORIGIN: Final = frozenset({EntryKind.ALLOCATION, EntryKind.CHARGE_REVERSAL, EntryKind.PAYOUT_REVERSAL})
"""Kinds whose request names the entry they depend on: planned again once that has its number."""

_NEVER_BY_FIFO: Final = frozenset({PaymentKind.INSURANCE, PaymentKind.MEMBERSHIP})
"""I-11, B-1: whatever a plan says."""


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """An effect as it stands, or is to stand."""

    effect_id: int
    part: str
    amount_minor: int
    instruction: Instruction
    placement: Placement | None = None


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A new effect of the same event, lane and patient."""

    entry_kind: EntryKind
    part: str
    amount_minor: int
    instruction: Instruction
    placement: Placement
    depends_on: int | None


class Expansion(msgspec.Struct, frozen=True, kw_only=True):
    """Amounts and parts sum to what the effects had before, each kind by itself."""

    changed: tuple[Effect, ...]
    added: tuple[Part, ...] = ()


def needs_reading(work: Work, capabilities: Capabilities) -> bool:
    """Whether an effect needs a read before its first mark, and has none for the patient who is linked now."""
    if work.target is not Target.PMS or (not to_allocate(work, capabilities) and not to_guarantor(work, capabilities)):
        return False
    frozen, placement = work.frozen, work.placement
    if frozen is not None and frozen.generation == work.generation and frozen.pms_patient_id == work.pms_patient_id:
        # Composed and perhaps sent already: it goes out again as it was.
        return False
    return placement is None or (placement.patient != work.pms_patient_id and not placement.shares)


def to_allocate(work: Work, capabilities: Capabilities) -> bool:
    """A payment that goes to open charges: an explicit procedure or plan wins (PL-1)."""
    order = work.instruction
    return (
        work.entry_kind is EntryKind.PAYMENT
        and order.amount_minor > 0
        and order.allocation is Allocation.ALLOCATE
        and EntryKind.ALLOCATION in capabilities.entry_kinds
        and order.procedure_ref is None
        and order.plan_ref is None
        and order.payment_kind not in _NEVER_BY_FIFO
    )


def to_guarantor(work: Work, capabilities: Capabilities) -> bool:
    """G2: the practice books a family's money with whoever answers for the account."""
    return work.instruction.family is FamilyBooking.GUARANTOR and capabilities.books_to_guarantor


def expand(
    payment: Effect,
    companion: Effect | None,
    prepared: Prepared,
    *,
    patient: str,
    ours: Set[str] = frozenset(),
    laid: Mapping[str, int] | None = None,
    exactly: bool = True,
) -> Expansion:
    """`ours`: charges that this program wrote itself, which have their own payment (B-1). `laid`: what our own entries
    that are still to be sent will lay on each charge. `exactly`: the target is told each amount."""
    charges = _still_open(prepared.charges, ours, laid or {})
    dues = [charge.due_minor for charge in charges]
    paid, left = fifo(payment.amount_minor, dues)
    covered, over = _covered(payment, companion, dues)

    def placed(*shares: tuple[str, int]) -> Placement:
        return Placement(patient=patient, posts_to=prepared.posts_to, shares=shares)

    laid_on = [(charge.ref, share) for charge, share in zip(charges, paid, strict=True) if share]
    changed = [_with(payment, payment.amount_minor - left if laid_on else left, placed(*laid_on))]
    added: list[Part] = []
    if left and laid_on:
        added.append(_part(payment, EntryKind.PAYMENT, 1, left, placed(), None))
    if exactly and laid_on:
        added.append(_part(payment, EntryKind.ALLOCATION, 0, 0, placed(*laid_on), payment.effect_id))
    if companion is not None:
        each = [(c.ref, all_ - own) for c, all_, own in zip(charges, covered, paid, strict=True) if all_ != own]
        pieces = [placed(share) for share in each]
        amounts = [amount for _, amount in each]
        if over != left or not pieces:
            pieces.append(placed())
            amounts.append(over - left)
        changed.append(_with(companion, amounts[0], pieces[0]))
        added += [
            _part(companion, EntryKind.FEE_ADJUSTMENT, place, amount, piece, payment.effect_id)
            for place, (amount, piece) in enumerate(zip(amounts[1:], pieces[1:], strict=True), start=1)
        ]
    return Expansion(changed=tuple(changed), added=tuple(added))


def place(effect: Effect, prepared: Prepared, patient: str) -> Effect:
    """An effect that goes to nobody's charges, on the account that takes it."""
    return _with(effect, effect.amount_minor, Placement(patient=patient, posts_to=prepared.posts_to))


def _covered(payment: Effect, companion: Effect | None, dues: Sequence[int]) -> tuple[tuple[int, ...], int]:
    """FIFO of what counts toward the balance; a companion that would eat the payment stays on no charge."""
    total = payment.amount_minor + (0 if companion is None else companion.amount_minor)
    if total >= 0:
        return fifo(total, dues)
    paid, left = fifo(payment.amount_minor, dues)
    return paid, left + total - payment.amount_minor


def _still_open(charges: Sequence[Charge], ours: Set[str], laid: Mapping[str, int]) -> list[Charge]:
    found = []
    for charge in charges:
        due = charge.due_minor - laid.get(charge.ref, 0)
        if charge.ref not in ours and due > 0:
            found.append(msgspec.structs.replace(charge, due_minor=due))
    return found


def _with(effect: Effect, amount_minor: int, placement: Placement) -> Effect:
    instruction = msgspec.structs.replace(effect.instruction, amount_minor=amount_minor)
    return msgspec.structs.replace(effect, amount_minor=amount_minor, instruction=instruction, placement=placement)


def _part(
    origin: Effect, kind: EntryKind, place: int, amount_minor: int, placement: Placement, depends_on: int | None
) -> Part:
    return Part(
        entry_kind=kind,
        part=str(PartKey.parse(origin.part).piece_of(place)) if place else origin.part,
        amount_minor=amount_minor,
        instruction=msgspec.structs.replace(origin.instruction, entry_kind=kind, amount_minor=amount_minor),
        placement=placement,
        depends_on=depends_on,
    )
