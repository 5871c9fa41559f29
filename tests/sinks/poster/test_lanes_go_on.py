"""A lane goes on when its entry is confirmed, whatever else the poster's loop does at the time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from sinks.poster.leases import Leases
from sinks.poster.loop import Poster
from tests.scenarios.waiting import WITHIN_S
from tests.sinks.poster.offices import Offices


@pytest.fixture
def loop_held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The loop stands still in a read of the ledger from its first call on, until the test ends; set once it does."""
    held, ended = threading.Event(), threading.Event()
    claim = Leases.claim

    async def claim_or_wait(self: Leases, free: int) -> None:
        if any(lease.in_flight for lease in self.practices.values()):
            held.set()
            await asyncio.to_thread(ended.wait, WITHIN_S)
        await claim(self, free)

    monkeypatch.setattr(Leases, "claim", claim_or_wait)
    yield held
    ended.set()


def test_the_next_of_a_lane_does_not_wait_for_the_loop(offices: Offices, loop_held: threading.Event) -> None:
    """The fee's adjustment follows its payment, and the payment that was due next follows that."""
    office = offices.open()
    office.patient("pt-1")
    offices.database.report(office.pay(), office.pay())
    offices.poster()
    office.until_states(*["POSTED"] * 4)
    assert loop_held.is_set()


def test_control_without_it_the_lane_waits(
    offices: Offices, loop_held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Poster, "lanes_freed", lambda self: None)
    office = offices.open()
    office.patient("pt-1")
    offices.database.report(office.pay())
    offices.poster()
    office.until_states("POSTED", "SCHEDULED")
    assert loop_held.wait(WITHIN_S)
    assert office.states() == ["POSTED", "SCHEDULED"]
