"""Events about another event park until INTAKE resolves them (law 7, R-8)."""

from __future__ import annotations

from datetime import date

import pytest

from processors.rules.decisions.decide import RULES, decide
from processors.rules.decisions.linked_events import decide_dispute, decide_linked, decide_without_money
from schemas import events as e
from schemas.practice_settings import PracticeStatus
from schemas.vocabulary import DecisionReason, State
from tests.processors.rules.event_examples import NOON, history, payment, version
from tests.processors.rules.linked_examples import (
    cleared,
    dispute_closed,
    disputed,
    fee_assessed,
    payout_failed,
    refund_failed,
    refunded,
    reinstated,
    returned,
    voided,
)

LINKED = (
    cleared(),
    dispute_closed(),
    disputed(),
    disputed(gross=0, fee=1500),
    fee_assessed(),
    payout_failed(),
    refund_failed(),
    refunded(),
    returned(),
    reinstated(),
    voided(),
)
ENVELOPE = {name: getattr(payment(), name) for name in e.Event.__struct_fields__}
WITHOUT_MONEY = (
    disputed(gross=0, fee=0),
    e.MembershipCancelled(**ENVELOPE, membership_id="mem-1", effective_on=date(2026, 4, 1)),
)


def test_every_linked_type_is_tried_here() -> None:
    """ET-6: none falls through."""
    assert {type(event) for event in LINKED} == {
        kind for kind, rule in RULES.items() if rule in (decide_linked, decide_dispute)
    }
    assert RULES[e.MembershipCancelled] is decide_without_money


@pytest.mark.parametrize("event", LINKED, ids=lambda event: type(event).__name__)
@pytest.mark.parametrize("status", list(PracticeStatus))
def test_it_waits_for_its_original(event: e.Event, status: PracticeStatus) -> None:
    """R-8, R-14: whatever the switches say today; a naked refund is never posted by itself."""
    decision = decide(event, NOON, history(version(status=status, master=False)))
    assert (decision.waiting, decision.reason) == (State.AWAITING_ORIGINAL, DecisionReason.ORIGINAL_UNKNOWN)
    assert (decision.settings_version, decision.effects, decision.applied) == (1, (), False)


@pytest.mark.parametrize("event", WITHOUT_MONEY, ids=lambda event: type(event).__name__)
def test_what_moves_no_money_is_applied(event: e.Event) -> None:
    """R-10: an inquiry posts nothing; a cancellation leaves what is pending due."""
    decision = decide(event, NOON, history())
    assert (decision.waiting, decision.reason, decision.applied) == (None, DecisionReason.NO_MONEY, True)
    assert decision.effects == ()


@pytest.mark.parametrize("event", [*LINKED, *WITHOUT_MONEY], ids=lambda event: type(event).__name__)
def test_unknown_practice_waits_first(event: e.Event) -> None:
    """Law 10."""
    assert decide(event, NOON, None).waiting is State.AWAITING_SETTINGS
