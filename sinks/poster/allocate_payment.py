"""Allocates a payment to the charges that were read just before posting, oldest first (ALL-1, M-6, N-7). Pure.

Law 18: once, from one stored read, into the payment itself and parts `a1, a2 …`. The effect is its own part a0 and
keeps its name, because results about it have been published. What is allocated to charges stays in it; what is left
over is a prepayment of its own; an allocation follows where a target needs each amount; and the companion
fee adjustment is divided the same way, so that every charge comes to what counts toward the balance:
companion on a charge = FIFO(payment + companion) − FIFO(payment). A companion that is a debit goes out before its
payment, onto the charge that the payment pays last, so that the payment finds open what it pays (N-10).
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
from sinks.poster.planned_call import PlannedCall
from sinks.targets.port import Capabilities, Charge, Placement, Prepared
from streams.fault_injection import Control, disabled

_NEVER_BY_FIFO: Final = frozenset({PaymentKind.INSURANCE, PaymentKind.MEMBERSHIP})
"""I-11, B-1: whatever a plan says."""


class EffectPart(msgspec.Struct, frozen=True, kw_only=True):
    """Amount and place of one effect: as it is stored, or as it is to be stored. Amounts in minor units."""

    effect_id: int | None
    """None: a new effect of the same event, lane and patient."""
    part: str
    amount_minor: int
    instruction: Instruction
    placement: Placement | None = None
    depends_on: int | None = None

    @property
    def entry_kind(self) -> EntryKind:
        """The kind of its effect."""
        return self.instruction.entry_kind


class Allocated(msgspec.Struct, frozen=True, kw_only=True):
    """Effects that change and effects that are new. Each kind by itself sums to what it was before."""

    changed: tuple[EffectPart, ...]
    added: tuple[EffectPart, ...] = ()


def needs_balance_read(call: PlannedCall, capabilities: Capabilities) -> bool:
    """Whether an effect needs a read before its first mark, and has none for the patient who is linked now."""
    asks = goes_to_charges(call, capabilities) or goes_to_guarantor(call, capabilities)
    if call.target is not Target.PMS or not asks:
        return False
    frozen, placement = call.frozen, call.placement
    if frozen is not None and frozen.generation == call.generation and frozen.pms_patient_id == call.pms_patient_id:
        # Composed and perhaps sent already: it goes out again as it was.
        return False
    return placement is None or (placement.patient != call.pms_patient_id and not placement.shares)


def goes_to_charges(call: PlannedCall, capabilities: Capabilities) -> bool:
    """A payment that is allocated to open charges, or the debit that goes before it (N-10): an explicit procedure or
    plan wins (PL-1)."""
    order = call.instruction
    pays = call.entry_kind is EntryKind.PAYMENT and order.amount_minor > 0
    return (
        (pays or goes_before_payment(call))
        and order.allocation is Allocation.ALLOCATE
        and EntryKind.ALLOCATION in capabilities.entry_kinds
        and order.procedure_ref is None
        and order.plan_ref is None
        and order.payment_kind not in _NEVER_BY_FIFO
    )


def goes_before_payment(call: PlannedCall) -> bool:
    """A debit that waits for no payment: its payment waits for it (N-10)."""
    return call.entry_kind is EntryKind.FEE_ADJUSTMENT and call.amount_minor < 0 and call.depends_on is None


def goes_to_guarantor(call: PlannedCall, capabilities: Capabilities) -> bool:
    """The practice books a family's money with whoever answers for the account (G2)."""
    return call.instruction.family is FamilyBooking.GUARANTOR and capabilities.books_to_guarantor


def allocate(
    payment: EffectPart,
    companion: EffectPart | None,
    prepared: Prepared,
    *,
    patient: str,
    own_charges: Set[str] = frozenset(),
    on_their_way: Mapping[str, int] | None = None,
    exactly: bool = True,
    by_hand: bool = False,
) -> Allocated:
    """Divides a payment and its companion over the open charges of `prepared`. Pure.

    `own_charges`: charges that this program wrote itself, which have their own payment (B-1). `on_their_way`: minor
    units that our own entries, still to be sent, will pay of each charge. `exactly`: the target takes each amount, by
    an allocation that follows. Where ours are on their way, or a person named the charges, the payment waits for that
    one apart from all charges: a target's own oldest-first knows nothing of either.
    """
    charges = _still_open(prepared.charges, own_charges, on_their_way or {})
    dues = [charge.due_minor for charge in charges]
    debited = companion is not None and companion.effect_id is not None and payment.depends_on == companion.effect_id
    paid, left = _with_debit(payment, companion, dues) if companion and debited else fifo(payment.amount_minor, dues)
    shares = [(charge.ref, share) for charge, share in zip(charges, paid, strict=True) if share]

    apart = exactly and bool(by_hand or on_their_way) and not disabled(Control.ALLOCATION_APART)

    def placed(*on: tuple[str, int], waits: bool = False) -> Placement:
        return Placement(patient=patient, posts_to=prepared.posts_to, shares=on, apart=waits)

    changed = [
        _changed(
            payment, payment.amount_minor - left if shares else left, placed(*shares, waits=apart and bool(shares))
        )
    ]
    added: list[EffectPart] = []
    if left and shares:
        added.append(_new(payment, EntryKind.PAYMENT, 1, left, placed(), None))
    if exactly and shares:
        added.append(_new(payment, EntryKind.ALLOCATION, 0, 0, placed(*shares, waits=apart), payment.effect_id))
    if companion is not None and debited:
        last = shares[-1:]
        changed.append(
            _changed(companion, companion.amount_minor, placed(*((ref, companion.amount_minor) for ref, _ in last)))
        )
    elif companion is not None:
        covered, over = _covered(payment, companion, dues)
        each = [(c.ref, all_ - own) for c, all_, own in zip(charges, covered, paid, strict=True)]
        pieces = [(amount, placed((ref, amount))) for ref, amount in each if amount]
        if over != left or not pieces:
            pieces.append((over - left, placed()))
        changed.append(_changed(companion, *pieces[0]))
        added += [
            _new(companion, EntryKind.FEE_ADJUSTMENT, place, amount, placement, payment.effect_id)
            for place, (amount, placement) in enumerate(pieces[1:], start=1)
        ]
    return Allocated(changed=tuple(changed), added=tuple(added))


def place(effect: EffectPart, prepared: Prepared, patient: str) -> EffectPart:
    """An effect that goes to nobody's charges, on the account that takes it."""
    return _changed(effect, effect.amount_minor, Placement(patient=patient, posts_to=prepared.posts_to))


def _with_debit(payment: EffectPart, companion: EffectPart, dues: Sequence[int]) -> tuple[tuple[int, ...], int]:
    """FIFO of what counts toward the balance, and the debit on top of what is paid last; without that, all is left."""
    covered, left = fifo(payment.amount_minor + companion.amount_minor, dues)
    last = max((place for place, amount in enumerate(covered) if amount), default=None)
    if last is None:
        return covered, payment.amount_minor
    return (*covered[:last], covered[last] - companion.amount_minor, *covered[last + 1 :]), left


def _covered(payment: EffectPart, companion: EffectPart, dues: Sequence[int]) -> tuple[tuple[int, ...], int]:
    """FIFO of what counts toward the balance; a companion larger than the payment stays on no charge."""
    total = payment.amount_minor + companion.amount_minor
    if total >= 0:
        return fifo(total, dues)
    paid, left = fifo(payment.amount_minor, dues)
    return paid, left + companion.amount_minor


def _still_open(charges: Sequence[Charge], own_charges: Set[str], on_their_way: Mapping[str, int]) -> list[Charge]:
    found = []
    for charge in charges:
        due = charge.due_minor - on_their_way.get(charge.ref, 0)
        if charge.ref not in own_charges and due > 0:
            found.append(msgspec.structs.replace(charge, due_minor=due))
    return found


def _changed(effect: EffectPart, amount_minor: int, placement: Placement) -> EffectPart:
    instruction = msgspec.structs.replace(effect.instruction, amount_minor=amount_minor)
    return msgspec.structs.replace(effect, amount_minor=amount_minor, instruction=instruction, placement=placement)


def _new(
    beside: EffectPart, kind: EntryKind, place: int, amount_minor: int, placement: Placement, depends_on: int | None
) -> EffectPart:
    return EffectPart(
        effect_id=None,
        part=str(PartKey.parse(beside.part).piece_of(place)) if place else beside.part,
        amount_minor=amount_minor,
        instruction=msgspec.structs.replace(beside.instruction, entry_kind=kind, amount_minor=amount_minor),
        placement=placement,
        depends_on=depends_on,
    )
