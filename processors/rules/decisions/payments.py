"""Plans payments and membership payments under the settings (ET-1 to ET-5, N-5, N-9, M-9, B-1)."""

from __future__ import annotations

from typing import Final

from processors.rules.decisions import shares as sharing
from processors.rules.decisions.arrival import Arrival
from processors.rules.decisions.initial_state import (
    MANUAL_NET_NOT_POSITIVE,
    ZERO,
    InitialState,
    initial_state_when_on,
    on_its_day,
    switched_off,
)
from processors.rules.decisions.insurance import decide_insurance
from processors.rules.decisions.pms_entries import PaymentEntries
from processors.rules.decisions.shares import Share
from processors.rules.decisions.timing import ledger_date_of, timing_of
from processors.rules.decisions.waiting import awaiting_fee
from schemas.bookkeeping.net_or_gross import amount_mode, known_fee
from schemas.events import MembershipPaid, MoneyFields, PaymentCorrected, PaymentFacts, PaymentKind
from schemas.plan import Decision
from schemas.practice_settings import AmountMode, MembershipBooking, PracticeSettings, SettingsVersion, Timing, TypeMode
from schemas.vocabulary import SKIPPED

# Bound once: Python 3.11 takes 0.4 µs to look a member up on its class, and this runs for every payment.
_INSURANCE: Final = PaymentKind.INSURANCE
_MEMBERSHIP: Final = PaymentKind.MEMBERSHIP
_NET: Final = AmountMode.NET
_CHARGED: Final = MembershipBooking.CHARGE_AND_PAYMENT


def decide_payment(event: PaymentFacts, version: SettingsVersion, arrival: Arrival) -> Decision:
    """One payment as first reported or as corrected (E-11). Insurance has a rule of its own.

    A membership payment that is reported without its membership is booked like one with it (B-5).
    """
    settings, kind = version.settings, event.kind
    if kind is _INSURANCE:
        return decide_insurance(event, version, arrival)
    return _decide(event, kind, sharing.of_payment(event), settings.types.of(kind), version, arrival)


def decide_membership(event: MembershipPaid, version: SettingsVersion, arrival: Arrival) -> Decision:
    """A membership payment: by member (B-2), with its charge by setting (B-1); how it was paid picks the mode (ET-9,
    POST-2, POST-3)."""
    mode = version.settings.types.of(_MEMBERSHIP, event.action)
    return _decide(event, _MEMBERSHIP, sharing.of_membership(event), mode, version, arrival)


def _decide(
    event: MoneyFields,
    kind: PaymentKind,
    shares: tuple[Share, ...],
    mode: TypeMode,
    version: SettingsVersion,
    arrival: Arrival,
) -> Decision:
    settings = version.settings
    amount = amount_mode(event, settings.amount)
    fee = known_fee(event)
    timing = timing_of(settings, kind, event.tender, event.settled_outside)
    on = ledger_date_of(settings, event.occurred_at, arrival)
    initial = _initial_state(event, settings, mode, timing, arrival, fee if amount is _NET else None)
    initial = on_its_day(initial, on, settings.zone)
    plan = event.plan if isinstance(event, PaymentFacts) else None
    effects = PaymentEntries(
        event=event,
        kind=kind,
        settings=settings,
        initial=initial,
        mode=amount,
        fee_minor=fee,
        ledger_date=on,
        charged=kind is _MEMBERSHIP and settings.membership_booking is _CHARGED,
        plan_ref=plan.plan_ref if plan else None,
        plan_in_pms=plan is not None and plan.pms_plan,
        plan_code=event.plan_code if isinstance(event, MembershipPaid) else None,
        version=event.version if isinstance(event, PaymentCorrected) else 1,
    ).plan(shares)
    if fee is None and amount is _NET and initial.state not in SKIPPED:
        return awaiting_fee(version, amount, timing, effects)
    return Decision(
        settings_version=version.version,
        reason=initial.reason,
        amount_mode=amount,
        timing=timing,
        late=initial.late,
        effects=effects,
    )


def _initial_state(
    event: MoneyFields,
    settings: PracticeSettings,
    mode: TypeMode,
    timing: Timing,
    arrival: Arrival,
    net_fee: int | None,
) -> InitialState:
    """Zero comes first: it is nothing to post whatever is switched on later (M-9).

    A payment whose type is off is skipped without waiting for a fee that nobody will use; its amount is then what
    counts toward the balance. `net_fee` is the fee that a net amount is less by; None where there is none to take.
    """
    if event.gross_minor == 0:
        return ZERO
    off = switched_off(settings, mode)
    if off is not None:
        return off
    if net_fee is not None and event.gross_minor <= net_fee:
        return MANUAL_NET_NOT_POSITIVE
    return initial_state_when_on(mode, timing, event.occurred_at, arrival)
