"""What a later release books is validated, stored and shown now (issue of this slice, section 3)."""

from __future__ import annotations

from typing import Any

import pytest

from processors.decide import RULES, decide
from processors.later import decide_later
from schemas import events as told
from schemas.practice_settings import PracticeStatus
from schemas.reasons import DecisionReason
from schemas.states import State
from tests.processors.told import NOON, history, payment, version

ENVELOPE: dict[str, Any] = {name: getattr(payment(), name) for name in told.Event.__struct_fields__}
LATER: tuple[told.Event, ...] = (
    told.PaymentRequestSent(
        **ENVELOPE, request_id="req-1", patient_ref="pt-1", amount_minor=1, channel=told.CollectionChannel.TEXT
    ),
)


def test_every_later_type_is_tried_here() -> None:
    assert {type(event) for event in LATER} == {kind for kind, rule in RULES.items() if rule is decide_later}


@pytest.mark.parametrize("event", LATER, ids=lambda event: type(event).__name__)
@pytest.mark.parametrize("status", list(PracticeStatus))
def test_shown_as_coming_later(event: told.Event, status: PracticeStatus) -> None:
    """AWAITING_REVIEW with COMES_LATER and the version in force; nothing is posted by guess."""
    decision = decide(event, NOON, history(version(status=status, master=False)))
    assert (decision.waiting, decision.reason) == (State.AWAITING_REVIEW, DecisionReason.COMES_LATER)
    assert decision.settings_version == 1
    assert decision.effects == ()


@pytest.mark.parametrize("event", LATER, ids=lambda event: type(event).__name__)
def test_unknown_practice_waits_first(event: told.Event) -> None:
    """Law 10."""
    assert decide(event, NOON, None).waiting is State.AWAITING_SETTINGS
