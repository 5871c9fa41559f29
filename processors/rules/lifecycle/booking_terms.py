"""How a life is booked: the mode of its original, whatever the settings say today (R-6, R-5, I-7, PL-2)."""

from __future__ import annotations

from typing import Final

import msgspec

from processors.rules.lifecycle.entries import OWN_CASH, REFUND_EVENTS
from processors.rules.lifecycle.payment_state import PaymentState, Reported
from schemas import events as e
from schemas.bookkeeping.companion import divide
from schemas.bookkeeping.payment_terms import amount_mode, known_fee
from schemas.events import MoneyFields, PayoutCategory
from schemas.practice_settings import AmountMode, FeeAdjustment, RefundWithoutCompanion
from schemas.vocabulary import WITHDRAWN, EntryKind

_FEES: Final = frozenset({PayoutCategory.CHARGE, PayoutCategory.PROCESSING_FEE})


class Share(msgspec.Struct, frozen=True):
    """One part of the payment: a split, a member, a claim."""

    part: str
    patient_ref: str | None
    provider_ref: str | None
    procedure_ref: str | None
    applied: int
    """What counts toward the balance."""
    full: int
    """What giving everything back takes: `applied`, or where the posted share is mirrored, what was posted (R-5)."""


class Terms(msgspec.Struct, frozen=True):
    mode: AmountMode
    companion: bool
    """Companions are posted; else they are shown as skipped (N-2)."""
    mirrored: bool
    """Giving back takes the posted share, not the money that moves: R-5 MIRROR, and insurance (I-7)."""


def money_of(told: Reported) -> MoneyFields:
    """The payment that was told. TypeError for a payout's life: a fault of the caller."""
    if not isinstance(told.event, MoneyFields):
        raise TypeError("a payout's life has no payment")
    return told.event


def terms_of(told: Reported) -> Terms:
    settings = told.settings
    mode = amount_mode(money_of(told), settings.amount)
    companion = settings.fee_adjustment is FeeAdjustment.AUTO
    bare = mode is AmountMode.NET and not companion
    mirror = settings.refund_without_companion is RefundWithoutCompanion.MIRROR
    return Terms(mode, companion, mirrored=is_insurance(told) or (bare and mirror))


def is_insurance(told: Reported) -> bool:
    return any(effect.entry_kind is EntryKind.INSURANCE_PAYMENT for effect in told.plan)


def applied_by_part(told: Reported) -> dict[str, int]:
    """What counts toward the balance in each part, in the plan's order: payment and companion, in any mode."""
    applied: dict[str, int] = {}
    for effect in told.plan:
        if effect.entry_kind in OWN_CASH or effect.entry_kind is EntryKind.FEE_ADJUSTMENT:
            applied[effect.part] = applied.get(effect.part, 0) + effect.instruction.amount_minor
    return applied


def shares_of(told: Reported, fee: int | None) -> tuple[Share, ...]:
    """The parts of the payment. `fee`: as it is known now (N-5)."""
    terms, applied = terms_of(told), applied_by_part(told)
    full = list(applied.values())
    if terms.mirrored and not is_insurance(told):
        surcharge = money_of(told).surcharge_minor
        divided = divide(applied=full, surcharge_minor=surcharge, fee_minor=fee, mode=terms.mode)
        full = [amount.payment_minor for amount in divided]
    orders = {effect.part: effect.instruction for effect in told.plan if effect.entry_kind in OWN_CASH}
    return tuple(
        Share(part, order.patient_ref, order.provider_ref, order.procedure_ref, applied[part], whole)
        for (part, order), whole in zip(orders.items(), full, strict=True)
    )


def fee_of(life: PaymentState) -> int | None:
    """The fee as it is known now: what was told last of the payment's own fee and the assessments, else what its
    entries were amounted with, else what its payout says (N-5): a payout that fails or is told anew changes no entry.
    """
    if life.told is None:
        return None
    event = money_of(life.told)
    told = known_fee(event)
    assessed = [linked.event for linked in life.linked if linked.waiting is None]
    fees = [x for x in assessed if isinstance(x, e.PaymentFeeAssessed)]
    if told is not None:
        fees = [x for x in fees if x.occurred_at >= event.occurred_at]
    if fees:
        return max(fees, key=lambda x: x.version).fee_minor
    return _fee_of_payout(life) if told is None else told


def _fee_of_payout(life: PaymentState) -> int | None:
    key = None if life.told is None else (life.told.event.source, life.told.event.event_id)
    own = (x for x in life.entries if (x.source, x.event_id) == key and x.entry_kind in OWN_CASH)
    booked = (x.instruction.fee_minor for x in own if x.state not in WITHDRAWN)
    return next((fee for fee in booked if fee is not None), fee_in_payout(life))


def fee_in_payout(life: PaymentState) -> int | None:
    """The fee that a payout's items tell of the payment; None while none of them is the payment itself (N-5).

    A fee item of its own costs what it takes from the payout: its net with the other sign.
    """
    items = [item for item in life.items if item.category in _FEES]
    if not any(item.category is PayoutCategory.CHARGE for item in items):
        return None
    charged = sum(item.fee_minor for item in items if item.category is PayoutCategory.CHARGE)
    return charged - sum(item.net_minor for item in items if item.category is PayoutCategory.PROCESSING_FEE)


def refunded_gross(life: PaymentState) -> int:
    """What was given back of the gross so far, ≥ 0 (R-2): refunds and returns and disputes, less what came back."""
    return -sum(
        linked.event.gross_minor
        for linked in life.linked
        if linked.waiting is None and isinstance(linked.event, REFUND_EVENTS)
    )


def is_voided(life: PaymentState) -> bool:
    return any(isinstance(linked.event, e.PaymentVoided) for linked in life.linked if linked.waiting is None)


def is_cleared(life: PaymentState) -> bool:
    """T-13: told to be in the practice's bank, or in a payout that stands."""
    told = any(isinstance(linked.event, e.PaymentCleared) for linked in life.linked if linked.waiting is None)
    return told or any(item.category is PayoutCategory.CHARGE for item in life.items)
