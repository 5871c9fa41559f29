"""What upstream would have to say for a payout to be right: the payment, its fee or its refund in the bank's amounts
(P-23).

What differs is divided as the money was divided, by largest remainder, to the cent. Where the rules do not determine
how, the refusal names what ends the difference. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from processors.rules.lifecycle.booking_terms import money_of
from processors.rules.lifecycle.given_back import standing_refunds
from processors.rules.lifecycle.payment_state import PaymentState, Reported
from processors.rules.lifecycle.payout_comparison import reported_fee
from schemas.bookkeeping.money import largest_remainder
from schemas.events import (
    OUR_SOURCE,
    Event,
    Member,
    MembershipPaid,
    MoneyFields,
    PaymentCorrected,
    PaymentFacts,
    PaymentFeeAssessed,
    PayoutCategory,
    RefundSucceeded,
    Split,
)
from schemas.vocabulary import JUDGED_AGAIN, DifferenceKind
from sinks.ledger.rows.payouts import PayoutDifferenceRow, StandingItemRow
from streams.runtime.errors import Permanent

Line = TypeVar("Line", Split, Member)


def refusal(difference: PayoutDifferenceRow, why: str, first: str) -> Permanent:
    """Why the bank's word cannot be booked, what to do first, and the command that then ends the difference."""
    named = f"{difference.practice_id} d:{difference.number}"
    return Permanent(f"{why}: {first}, then end this with `writeback payouts dismiss {named}`")


def bank_event(difference: PayoutDifferenceRow, item: StandingItemRow, state: PaymentState, at: datetime) -> Event:
    """The event, in our words of the envelope. Permanent, with a deed, where what is to be booked is not known."""
    envelope: dict[str, Any] = {
        "event_id": f"bank-{difference.number}",
        "source": OUR_SOURCE,
        "occurred_at": at,
        "produced_at": at,
        "practice_id": difference.practice_id,
    }
    if difference.kind is DifferenceKind.REFUND_UNKNOWN:
        amounts = {"gross_minor": item.gross_minor, "fee_minor": item.fee_minor}
        return _refund(envelope, item, amounts, {})
    if state.reported is None:
        raise refusal(difference, "the payment is not known any more", "see `writeback explain`")
    if item.category is PayoutCategory.REFUND:
        return _corrected_refund(envelope, difference, item, state)
    if difference.kind is DifferenceKind.FEE_DIFFERS:
        # A fee that the payout takes by an item of its own is not in the payment's.
        fee = item.fee_minor if difference.paid_minor is None else difference.paid_minor
        versions = (x.event.version for x in state.follow_ups if isinstance(x.event, PaymentFeeAssessed))
        return PaymentFeeAssessed(
            **envelope,
            payment_id=item.subject,
            version=max(versions, default=0),
            fee_minor=fee,
            net_minor=money_of(state.reported).gross_minor - fee,
        )
    return _corrected(envelope, difference, item, state, state.reported)


def _corrected(
    envelope: dict[str, Any],
    difference: PayoutDifferenceRow,
    item: StandingItemRow,
    state: PaymentState,
    reported: Reported,
) -> MoneyFields:
    """The payment with the payout's gross, and its fee as far as it is known; a membership stays one, with its
    members."""
    money, fee, gross = money_of(reported), reported_fee(state), item.gross_minor
    if isinstance(money, PaymentFacts) and money.remittance is not None:
        # I-2: its gross is its claims less what the insurer kept for none, so another gross needs another claim or
        # another adjustment, and both are the insurer's to say (I-1, I-11): nothing that balances follows.
        raise refusal(
            difference,
            "which claim of the remittance the insurer paid otherwise is not known",
            "correct the claim in the practice's system by hand",
        )
    applied = gross - money.surcharge_minor
    if applied <= 0:
        raise refusal(
            difference,
            "nothing would be left of the payment",
            "have your payment provider void or refund it, or take it back in the practice's system by hand",
        )
    told: dict[str, Any] = {
        "gross_minor": gross,
        "fee_minor": fee,
        "fees": (),
        "net_minor": None if fee is None else gross - fee,
        "trace_id": None,
    }
    if isinstance(money, MembershipPaid):
        return msgspec.structs.replace(money, **(told | envelope), members=_divided(money.members, applied))
    if not isinstance(money, PaymentFacts):
        raise TypeError(f"{type(money).__name__} is no payment of its own")
    facts = {name: getattr(money, name) for name in PaymentFacts.__struct_fields__}
    told |= {"version": reported.version, "splits": _divided(money.splits, applied)}
    return PaymentCorrected(**(facts | told | envelope))


def _corrected_refund(
    envelope: dict[str, Any], difference: PayoutDifferenceRow, item: StandingItemRow, state: PaymentState
) -> RefundSucceeded:
    """The refund as it was told last, with the payout's fee or its gross; what of the surcharge goes back stays."""
    known = [each for each in state.follow_ups if isinstance(each.event, RefundSucceeded)]
    if any(each.waiting in JUDGED_AGAIN for each in known if getattr(each.event, "refund_id", None) == item.subject):
        raise Permanent(
            "the refund itself waits for a person: decide about it first, with `writeback entries list "
            f"{difference.practice_id}` and `writeback entries post|record|dismiss`"
        )
    refund = standing_refunds(each.event for each in known).get(item.subject)
    if refund is None:
        raise refusal(difference, "the refund is not known any more", "see `writeback explain`")
    if difference.kind is DifferenceKind.FEE_DIFFERS:
        amounts = {"gross_minor": refund.gross_minor, "fee_minor": item.fee_minor}
        return _refund(envelope, item, amounts, {"splits": refund.splits, "surcharge_minor": refund.surcharge_minor})
    kept = refund.surcharge_minor
    if refund.splits:
        kept = refund.gross_minor - sum(each.amount_minor for each in refund.splits)
    if item.gross_minor >= (kept or 0):
        raise refusal(
            difference,
            "nothing that counts toward a balance would be left of the refund",
            "correct it in the practice's system by hand",
        )
    amounts = {"gross_minor": item.gross_minor, "fee_minor": refund.fee_minor}
    splits = _divided(refund.splits, item.gross_minor - (kept or 0))
    return _refund(envelope, item, amounts, {"splits": splits, "surcharge_minor": refund.surcharge_minor})


def _refund(
    envelope: dict[str, Any], item: StandingItemRow, amounts: dict[str, Any], more: dict[str, Any]
) -> RefundSucceeded:
    net = amounts["gross_minor"] - amounts["fee_minor"]
    return RefundSucceeded(
        **envelope, refund_id=item.subject, payment_id=item.payment_id or "", **amounts, net_minor=net, **more
    )


def _divided(lines: Sequence[Line], whole: int) -> tuple[Line, ...]:
    """The lines with these minor units in all, by what they were (M-5)."""
    if not lines:
        return ()
    weights = [abs(each.amount_minor) for each in lines]
    parts = largest_remainder(whole, weights if any(weights) else [1] * len(lines))
    return tuple(msgspec.structs.replace(each, amount_minor=part) for each, part in zip(lines, parts, strict=True))
