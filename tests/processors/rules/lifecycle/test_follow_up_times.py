"""T-14: when what follows a payment is due."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.events import DisputeOutcome
from schemas.practice_settings import Timing
from schemas.vocabulary import State
from tests.processors.rules import event_examples as examples
from tests.processors.rules.lifecycle.memory_ledger import (
    Ledger,
    closed,
    corrected,
    dispute,
    fee_assessed,
    refund,
    refund_failed,
    reinstated,
    returned,
    void,
)

CUT_OFF = datetime(2026, 3, 5, 23, 0, tzinfo=UTC)
"""18:00 in New York, the day after the payment."""


def posted(**settings: Any) -> Ledger:
    ledger = Ledger(**settings)
    ledger.report(examples.payment())
    ledger.post()
    return ledger


def due(ledger: Ledger) -> set[datetime | None]:
    """Of what is not posted yet."""
    return {entry.due_at for entry in ledger.standing() if entry.state is not State.POSTED}


@pytest.mark.parametrize(
    "event",
    [
        refund(-5_000),
        returned(-10_000, 400),
        dispute(-10_000, 1_500),
        void(),
        fee_assessed(330, 9_670),
        corrected(gross=12_000, fee=380),
    ],
    ids=lambda event: type(event).__name__,
)
def test_t14_daily_means_the_next_cut_off(event: Any) -> None:
    """T-14, T-11: it happened at 12:00 New York time on the day after; the cut-off of that day is next."""
    ledger = posted(timing=Timing.DAILY)
    ledger.report(event)
    assert due(ledger) == {CUT_OFF}


@pytest.mark.parametrize("timing", [Timing.INSTANT, Timing.ON_CLEAR])
def test_t14_otherwise_at_once(timing: Timing) -> None:
    """T-14: no clearance is waited for."""
    ledger = Ledger(timing=timing)
    ledger.report(examples.payment())
    ledger.put(State.POSTED, holds=())
    ledger.report(refund(-5_000))
    assert due(ledger) == {refund(-5_000).occurred_at}


def test_t14_what_brings_money_back_waits_alike() -> None:
    ledger = posted(timing=Timing.DAILY)
    ledger.report(refund(-3_000, hours=1), returned(-3_000, hours=1), dispute(-4_000, hours=1))
    ledger.post()
    ledger.report(refund_failed(3_000, hours=24), reinstated(3_000, hours=24))
    ledger.report(closed(DisputeOutcome.WON, 4_000, hours=24))
    assert due(ledger) == {CUT_OFF}


def test_t14_what_arrives_after_its_cut_off_is_due_on_arrival() -> None:
    """T-11: a week late."""
    ledger = posted(timing=Timing.DAILY)
    late = refund(-5_000)
    arrived = CUT_OFF.replace(day=12)
    ledger.report_at(late, arrived)
    assert due(ledger) == {arrived}
