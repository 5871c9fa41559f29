"""Decides an event: f(event, settings) → plan (law 7), by one table over all event types (ET-6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec

from processors.rules.decisions.arrival import Arrival
from processors.rules.decisions.currency import refuse_other_currency
from processors.rules.decisions.linked_events import decide_dispute, decide_linked, decide_without_money
from processors.rules.decisions.notes import decide_request
from processors.rules.decisions.payments import decide_membership, decide_payment
from processors.rules.decisions.payouts import decide_payout
from processors.rules.decisions.refusal import Refused
from processors.rules.decisions.settings_in_force import settings_in_force
from processors.rules.decisions.timing import arrived_late
from processors.rules.decisions.waiting import NO_SETTINGS
from schemas import events
from schemas.plan import Decision
from schemas.practice_settings import SettingsHistory, SettingsVersion
from schemas.vocabulary import DeadLetterReason

Rule = Callable[[Any, SettingsVersion, Arrival], Decision]
"""(event, version in force, arrival) → decision. The event is of the type that the rule stands under."""


def _other_topic(event: events.Event, version: SettingsVersion, arrival: Arrival) -> Decision:
    """Patients' changes go to SYNC by a topic that the rules do not read."""
    raise Refused(DeadLetterReason.WRONG_TOPIC, "event")


RULES: Final[Mapping[type[events.Event], Rule]] = MappingProxyType(
    {
        events.PaymentSucceeded: decide_payment,
        events.PaymentCorrected: decide_payment,
        events.PaymentCleared: decide_linked,
        events.PaymentFeeAssessed: decide_linked,
        events.PaymentVoided: decide_linked,
        events.PaymentReturned: decide_linked,
        events.PaymentReinstated: decide_linked,
        events.RefundSucceeded: decide_linked,
        events.RefundFailed: decide_linked,
        events.DisputeOpened: decide_dispute,
        events.DisputeClosed: decide_linked,
        events.PaymentRequestSent: decide_request,
        events.MembershipPaid: decide_membership,
        events.MembershipCancelled: decide_without_money,
        events.PayoutPaid: decide_payout,
        events.PayoutFailed: decide_linked,
        events.PatientChanged: _other_topic,
    }
)

# A tuple made once: a union would be made anew for every event.
_IN_A_CURRENCY: Final = (events.MoneyFields, events.PayoutPaid)


def decide(event: events.Event, arrived_at: datetime, history: SettingsHistory | None) -> Decision:
    """The whole plan for one valid event, under the settings in force when it happened (E-8).

    `arrived_at` is the broker's append time in business time (T-11, law 15); `history` None = practice unknown.
    Pure: the same arguments give the same decision, whenever and wherever. Refused: the event is a dead letter.
    """
    rule = RULES.get(type(event))
    if rule is None:
        raise Refused(DeadLetterReason.UNKNOWN_SCHEMA, "event")
    version = settings_in_force(history, event.occurred_at, arrived_at)
    if history is None or version is None:
        return NO_SETTINGS
    if isinstance(event, _IN_A_CURRENCY):
        refuse_other_currency(event.currency, version)
    decision = rule(event, version, Arrival(arrived_at, history))
    if not decision.late and arrived_late(version.settings, event.occurred_at, arrived_at):
        return msgspec.structs.replace(decision, late=True)
    return decision
