"""Net or gross (the amount mode) and the fee of a payment, as its own facts decide them (B-3, I-7, N-5, PL-2). Pure."""

from __future__ import annotations

from typing import Final

from schemas.events import MoneyFields, PaymentFacts, PaymentKind, Tender
from schemas.practice_settings import AmountMode

# Bound once: Python 3.11 takes 0.4 µs to look a member up on its class, and this runs for every payment.
_INSURANCE: Final = PaymentKind.INSURANCE
_GROSS: Final = AmountMode.GROSS
_CASH: Final = Tender.CASH
_CHECK: Final = Tender.CHECK


def known_fee(event: MoneyFields) -> int | None:
    """The fee in minor units, None while it is unknown (N-5).

    Cash, and a cheque that never passes through a payout, cost no fee: a fee that is not reported is 0 there, because
    waiting for it would never end.
    """
    if event.fee_minor is not None:
        return event.fee_minor
    return 0 if event.tender is _CASH or (event.tender is _CHECK and event.settled_outside) else None


def amount_mode(event: MoneyFields, chosen: AmountMode) -> AmountMode:
    """The mode that a payment is booked in, given the practice's (`settings.amount`, as in force when it was paid).

    GROSS in every mode: insurance, whose card fee reaches no patient's ledger (I-7), and a plan that is kept in the
    PMS, where each instalment would look short by the fee (PL-2).
    """
    if isinstance(event, PaymentFacts) and (
        event.kind is _INSURANCE or (event.plan is not None and event.plan.pms_plan)
    ):
        return _GROSS
    return chosen
