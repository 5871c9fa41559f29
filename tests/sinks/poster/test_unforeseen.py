"""What no rule foresaw before a posting: it is said, and holds its connection, not the processor (law 22)."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.practice_settings import Allocation
from sinks.poster import allocate_payment
from tests.scenarios.waiting import until
from tests.sinks.poster.offices import Offices


@pytest.mark.expects_errors
def test_22_a_read_that_cannot_be_used_closes_the_connection_for_a_while(
    offices: Offices, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 22: not read again at once and for ever, and not without a word."""

    def broken(*_: Any, **__: Any) -> allocate_payment.Expansion:
        raise ValueError("unforeseen")

    monkeypatch.setattr(allocate_payment, "expand", broken)
    office = offices.open(allocation=Allocation.ALLOCATE)
    office.charge("pt-1", 10_000)
    offices.book.report(office.pay())
    offices.poster()
    until(
        lambda: offices.book.one("SELECT closed_reason FROM connections") == "TARGET_DOWN",
        "the connection is closed",
        15,
        office.shown,
    )
    assert office.states()[0] == "SCHEDULED"
    assert office.payments() == []
