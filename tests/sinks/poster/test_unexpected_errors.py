"""An unexpected error before a posting: it is logged and closes the connection, and the poster goes on (law 22)."""

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
    """Law 22: not read again at once and for ever, and not silently."""

    def broken(*_: Any, **__: Any) -> allocate_payment.Allocated:
        raise ValueError("unforeseen")

    monkeypatch.setattr(allocate_payment, "allocate", broken)
    office = offices.open(allocation=Allocation.ALLOCATE)
    office.charge("pt-1", 10_000)
    offices.database.report(office.pay())
    offices.poster()
    until(
        lambda: offices.database.one("SELECT closed_reason FROM connections") == "TARGET_DOWN",
        "the connection is closed",
        15,
        office.shown,
    )
    assert office.states()[0] == "SCHEDULED"
    assert office.payments() == []
