"""The terms of a payment's original: amount mode, companion, parts and fee, whatever the settings say today
(R-6, R-5, I-7, PL-2)."""

from __future__ import annotations

from typing import Final

import msgspec

from processors.rules.lifecycle.payment_state import PaymentState, Reported, event_id_of, resolved_events
from schemas import events as e
from schemas.bookkeeping.companion import divide
from schemas.bookkeeping.net_or_gross import amount_mode, known_fee
from schemas.events import MoneyFields, PayoutCategory
from schemas.practice_settings import AmountMode, FeeAdjustment, RefundWithoutCompanion
from schemas.vocabulary import OWN_CASH, WITHDRAWN, EntryKind, Ruling

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


def money_of(reported: Reported) -> MoneyFields:
    """The payment that was reported. TypeError for a payout: a fault of the caller."""
    if not isinstance(reported.event, MoneyFields):
        raise TypeError("a payout has no payment")
    return reported.event


def kind_of(reported: Reported) -> e.PaymentKind:
    """The payment type that switches, timing and bank account go by."""
    event = reported.event
    if isinstance(event, e.PaymentFacts):
        return event.kind
    return e.PaymentKind.MEMBERSHIP if isinstance(event, e.MembershipPaid) else e.PaymentKind.UNKNOWN


def terms_of(reported: Reported) -> Terms:
    settings = reported.settings
    mode = amount_mode(money_of(reported), settings.amount)
    companion = settings.fee_adjustment is FeeAdjustment.AUTO
    bare = mode is AmountMode.NET and not companion
    mirror = settings.refund_without_companion is RefundWithoutCompanion.MIRROR
    return Terms(mode, companion, mirrored=is_insurance(reported) or (bare and mirror))


def is_insurance(reported: Reported) -> bool:
    return any(effect.entry_kind is EntryKind.INSURANCE_PAYMENT for effect in reported.plan)


def applied_by_part(reported: Reported) -> dict[str, int]:
    """What counts toward the balance in each part, in the plan's order: payment and companion, in any mode."""
    applied: dict[str, int] = {}
    for effect in reported.plan:
        if effect.entry_kind in OWN_CASH or effect.entry_kind is EntryKind.FEE_ADJUSTMENT:
            applied[effect.part] = applied.get(effect.part, 0) + effect.instruction.amount_minor
    return applied


def shares_of(reported: Reported, fee: int | None) -> tuple[Share, ...]:
    """The parts of the payment. `fee`: as it is known now (N-5)."""
    terms, applied = terms_of(reported), applied_by_part(reported)
    full = list(applied.values())
    if terms.mirrored and not is_insurance(reported):
        surcharge = money_of(reported).surcharge_minor
        divided = divide(applied=full, surcharge_minor=surcharge, fee_minor=fee, mode=terms.mode)
        full = [amount.payment_minor for amount in divided]
    instructions = {effect.part: effect.instruction for effect in reported.plan if effect.entry_kind in OWN_CASH}
    return tuple(
        Share(part, instruction.patient_ref, instruction.provider_ref, instruction.procedure_ref, applied[part], whole)
        for (part, instruction), whole in zip(instructions.items(), full, strict=True)
    )


def fee_of(state: PaymentState) -> int | None:
    """The fee as it is known now: the newest of the payment's own fee and the assessments, else what its entries
    were computed with, else what its payout says (N-5). A payout that fails or is reported anew changes no entry.
    """
    if state.reported is None:
        return None
    event = money_of(state.reported)
    own = known_fee(event)
    taken = {event_id_of(x.event) for x in state.follow_ups if x.ended_as is Ruling.POST}
    fees = [x for x in resolved_events(state) if isinstance(x, e.PaymentFeeAssessed)]
    fees = [x for x in fees if _counts(x, event, as_reported=event_id_of(x) in taken)]
    if fees:
        # Of one version the later: the bank's word about it stands until upstream's next (P-23).
        return max(reversed(fees), key=lambda x: x.version).fee_minor
    return _fee_of_payout(state) if own is None else own


def _counts(fee: e.PaymentFeeAssessed, event: MoneyFields, *, as_reported: bool) -> bool:
    """Assessed for the payment as it is reported now: with the net that follows from it (M-3), or as a person took it.
    One from before that counts while the payment names no fee of its own."""
    if fee.occurred_at < event.occurred_at:
        return known_fee(event) is None
    return as_reported or fee.net_minor == event.gross_minor - fee.fee_minor


def _fee_of_payout(state: PaymentState) -> int | None:
    key = None if state.reported is None else event_id_of(state.reported.event)
    own = (x for x in state.entries if (x.source, x.event_id) == key and x.entry_kind in OWN_CASH)
    booked = (x.instruction.fee_minor for x in own if x.state not in WITHDRAWN)
    return next((fee for fee in booked if fee is not None), fee_in_payout(state))


def fee_in_payout(state: PaymentState) -> int | None:
    """The fee that a payout's items report of the payment; None while none of them is the payment itself (N-5).

    A fee item of its own costs what it takes from the payout: its net with the other sign.
    """
    carrying = {item.payout_id for item in state.items if item.category is PayoutCategory.CHARGE}
    if not carrying:
        return None
    # A payment in several payouts, as one of them failed or is held (P-23), has its fee once.
    items = [
        item
        for item in state.items
        if item.category in _FEES and (item.payout_id == min(carrying) or item.payout_id not in carrying)
    ]
    charged = sum(item.fee_minor for item in items if item.category is PayoutCategory.CHARGE)
    return charged - sum(item.net_minor for item in items if item.category is PayoutCategory.PROCESSING_FEE)


def is_voided(state: PaymentState) -> bool:
    return any(isinstance(event, e.PaymentVoided) for event in resolved_events(state))


def is_cleared(state: PaymentState) -> bool:
    """T-13: reported to be in the practice's bank, or in a payout that stands."""
    reported = any(isinstance(event, e.PaymentCleared) for event in resolved_events(state))
    return reported or any(item.category is PayoutCategory.CHARGE and item.stands for item in state.items)
