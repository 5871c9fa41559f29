"""Payments and membership payments: what the settings say becomes of them (ET-1 to ET-5, N-5, N-9, M-9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from processors import shares as sharing
from processors.arrival import Arrival
from processors.insurance import decide_insurance
from processors.ledger_entries import Entries
from processors.shares import Share
from processors.standing import MANUAL_NET_NOT_POSITIVE, ZERO, Standing, standing_when_on, switched_off
from processors.timing import timing_of
from processors.waiting import awaiting_fee
from schemas.events import MembershipPaid, MoneyFields, PaymentKind, PaymentSucceeded
from schemas.practice_settings import AmountMode, PracticeSettings, SettingsVersion, Timing, TypeMode
from schemas.writebacks import Decision

# Bound once: Python 3.11 takes 0.4 µs to look a member up on its class, and this runs for every payment.
_INSURANCE: Final = PaymentKind.INSURANCE
_MEMBERSHIP: Final = PaymentKind.MEMBERSHIP
_NET: Final = AmountMode.NET


def decide_payment(event: PaymentSucceeded, version: SettingsVersion, arrival: Arrival) -> Decision:
    """One payment, with splits or without. Insurance is decided by its own rule."""
    mode = version.settings.types.of(event.kind)
    if event.kind is _INSURANCE:
        return decide_insurance(event, version, mode, arrival)
    return _decide(event, event.kind, sharing.of_payment(event), mode, version, arrival)


def decide_membership(event: MembershipPaid, version: SettingsVersion, arrival: Arrival) -> Decision:
    """A membership payment, PAYMENT_ONLY: one payment per member; how it was paid picks the mode (ET-9, B-2)."""
    mode = version.settings.types.of(_MEMBERSHIP, event.action)
    return _decide(event, _MEMBERSHIP, sharing.of_membership(event), mode, version, arrival)


def _decide(
    event: MoneyFields,
    kind: PaymentKind,
    shares: Sequence[Share],
    mode: TypeMode,
    version: SettingsVersion,
    arrival: Arrival,
) -> Decision:
    settings = version.settings
    timing = timing_of(settings, kind, event.tender, event.settled_outside)
    standing = _standing(event, settings, mode, timing, arrival)
    if standing is None:
        return awaiting_fee(version)
    return Decision(
        settings_version=version.version,
        reason=standing.reason,
        amount_mode=settings.amount,
        timing=timing,
        late=standing.late,
        effects=Entries(event, kind, settings, standing, arrival).plan(shares),
    )


def _standing(
    event: MoneyFields, settings: PracticeSettings, mode: TypeMode, timing: Timing, arrival: Arrival
) -> Standing | None:
    """None: the net cannot be computed yet (N-5).

    Zero comes first: it is nothing to post whatever is switched on later (M-9). A payment whose type is off is
    skipped without waiting for a fee that nobody will use; its amount is then what counts toward the balance.
    """
    if event.gross_minor == 0:
        return ZERO
    off = switched_off(settings, mode)
    if off is not None:
        return off
    if settings.amount is _NET:
        if event.fee_minor is None:
            return None
        if event.gross_minor <= event.fee_minor:
            return MANUAL_NET_NOT_POSITIVE
    return standing_when_on(mode, timing, event.occurred_at, arrival)
