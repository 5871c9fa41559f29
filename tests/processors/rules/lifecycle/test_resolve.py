"""The table of the linked types is whole (law 7, ET-6)."""

from __future__ import annotations

import pytest

from processors.rules.lifecycle.payment_state import PaymentState
from processors.rules.lifecycle.resolve import FOLLOW_UP_RULES, resolve_follow_up
from schemas.events import (
    EVENT_TYPES,
    MembershipCancelled,
    MembershipPaid,
    PatientChanged,
    PaymentCorrected,
    PaymentSucceeded,
    PayoutPaid,
)
from schemas.events import PaymentRequestSent as Request
from tests.processors.rules import event_examples as examples


def test_law7_every_event_type_is_reported_linked_or_alone() -> None:
    """Law 7: none falls through: each type reports money, refers to other money, or concerns none."""
    telling_money = {PaymentSucceeded, PaymentCorrected, MembershipPaid, PayoutPaid}
    alone = {Request, MembershipCancelled, PatientChanged}
    assert set(EVENT_TYPES) == set(FOLLOW_UP_RULES) | telling_money | alone
    assert not set(FOLLOW_UP_RULES) & (telling_money | alone)


def test_law7_an_event_that_speaks_of_no_other_money_is_a_fault_of_the_caller() -> None:
    with pytest.raises(TypeError, match="PaymentSucceeded"):
        resolve_follow_up(examples.payment(), PaymentState(), on=examples.NOON.date())
