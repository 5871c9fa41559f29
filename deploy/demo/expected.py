"""Expected totals of the day, computed from its events and settings alone: the demonstration's own arithmetic.

It shares no code with the rules but the division of a sum (M-5), so that a mistake of theirs cannot hide in it.
"""

from __future__ import annotations

import msgspec

from deploy.demo.day import Day, linked
from deploy.demo.practices import System
from schemas.bookkeeping.money import largest_remainder
from schemas.events import MembershipAction, MembershipPaid, MoneyFields, PaymentKind, PaymentSucceeded
from schemas.practice_settings import AmountMode, TypeMode


class Expected(msgspec.Struct, kw_only=True):
    """Cents toward patients' balances by outcome, and what the bank receives."""

    payments: int = 0
    """Sum of the payment entries that the PMS must hold."""
    credits: int = 0
    """Sum of the fee credits beside them."""
    waiting: int = 0
    unnamed_claims: int = 0
    """Of what waits: insurance, until somebody names the claims that it pays."""
    skipped: int = 0
    dead: int = 0
    fees_of_unposted: int = 0
    """Fees of what is not posted: the bank has them deducted already."""
    fees_of_posted: int = 0
    bank: int = 0
    payouts: int = 0
    events: int = 0

    @property
    def gross(self) -> int:
        return self.payments + self.credits + self.waiting + self.skipped + self.dead


def expected_totals(day: Day, *, broken: bool) -> Expected:
    """The whole day of one practice. `broken`: instalments of plans are refused by the office."""
    expected = Expected(events=len(day.events()), payouts=len(day.payouts))
    expected.bank = sum(payout.net_minor for payout in day.payouts)
    for payment in day.payments:
        for patient, amount, fee in _shares(payment):
            _add(expected, day, payment, patient, amount, fee, broken)
    return expected


def _add(
    expected: Expected, day: Day, payment: MoneyFields, patient: str | None, amount: int, fee: int, broken: bool
) -> None:
    kind = _kind(payment)
    mode = _mode(day, payment)
    posts = mode is TypeMode.AUTO and kind is not PaymentKind.INSURANCE and patient is not None and linked(patient)
    posts = posts and day.practice.system is not System.NONE
    if mode is TypeMode.OFF:
        expected.skipped += amount
    elif posts and broken and kind is PaymentKind.PAYMENT_PLAN:
        expected.dead += amount
    elif posts:
        net = day.practice.settings.amount is AmountMode.NET
        expected.payments += amount - fee if net else amount
        expected.credits += fee if net else 0
        expected.fees_of_posted += fee
        return
    else:
        expected.waiting += amount
        expected.unnamed_claims += amount if kind is PaymentKind.INSURANCE else 0
    expected.fees_of_unposted += fee


def _shares(payment: MoneyFields) -> list[tuple[str | None, int, int]]:
    """(patient, gross, fee) of each split; the fee is divided by largest remainder (M-5)."""
    fee = payment.fee_minor or 0
    if isinstance(payment, PaymentSucceeded) and payment.splits:
        amounts = [split.amount_minor for split in payment.splits]
        fees = largest_remainder(fee, amounts)
        return [(split.patient_ref, split.amount_minor, part) for split, part in zip(payment.splits, fees, strict=True)]
    return [(payment.patient_ref, payment.gross_minor, fee)]


def _kind(payment: MoneyFields) -> PaymentKind:
    return payment.kind if isinstance(payment, PaymentSucceeded) else PaymentKind.MEMBERSHIP


def _mode(day: Day, payment: MoneyFields) -> TypeMode:
    types = day.practice.settings.types
    if isinstance(payment, MembershipPaid):
        by_hand = payment.action in (MembershipAction.ONE_TIME, MembershipAction.MANUAL_RENEWAL)
        return types.membership_by_hand if by_hand else types.membership
    by_kind = {
        PaymentKind.TERMINAL: types.terminal,
        PaymentKind.PAYMENT_PLAN: types.payment_plan,
        PaymentKind.INSURANCE: types.insurance,
        PaymentKind.COLLECTION: types.collection,
    }
    return by_kind[_kind(payment)]
