"""Two practices over one connection: its limits and its failures are one for both (law 22)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from deploy.sandbox.running import FaultKind
from schemas.practice_settings import Allocation, AmountMode
from schemas.vocabulary import Target
from sinks.ledger.practices.sharing import share_connection
from sinks.ledger.unit_of_work import unit_of_work
from tests.scenarios.waiting import until
from tests.sinks.poster.offices import Office, Offices

pytestmark = pytest.mark.stack
MANY = 6


def sharing(offices: Offices, home: Office, practice_id: str) -> Office:
    """A practice that posts through the connection of another: the same office, patients of its own."""
    settings: dict[str, Any] = {"amount": AmountMode.GROSS, "allocation": Allocation.POST_ONLY}
    offices.database.add(practice_id, connected=False, **settings)
    with unit_of_work(offices.database.connection, practice_id, clock=offices.database.clock, jitter_s=0) as unit:
        share_connection(unit, home.practice_id, Target.PMS, actor="Ada", why="one server")
    return Office(offices, practice_id, home.customer_key)


def both(offices: Offices, **mapping: object) -> tuple[Office, Office]:
    north = offices.open("north", amount=AmountMode.GROSS, mapping=mapping)
    return north, sharing(offices, north, "south")


def report(offices: Offices, *practices: Office) -> None:
    for practice in practices:
        offices.database.report(*(practice.pay(f"pt-{n}", 1_000 + n) for n in range(MANY)))


def test_two_practices_over_one_key_never_exceed_its_limits_together(offices: Offices) -> None:
    """One call at a time over both and over two posters, as the office's own log of requests has it."""
    north, south = both(offices, max_in_flight=1)
    report(offices, north, south)
    offices.poster()
    offices.poster()
    for practice in (north, south):
        practice.until_states(*["POSTED"] * MANY)
    offices.stop_posters()
    sent = [each for each in offices.sandbox.open_dental.calls(north.customer_key) if each.method == "POST"]
    assert len(sent) == 2 * MANY
    ordered = sorted(sent, key=lambda each: each.arrived_ns)
    overlapping = [(a.path, b.path) for a, b in itertools.pairwise(ordered) if b.arrived_ns < a.answered_ns]
    assert overlapping == []
    assert not north.doubled()
    assert offices.database.one("SELECT count(*) FROM connections WHERE target = 'PMS'") == 1


def test_closing_it_closes_it_for_both_with_one_cause(offices: Offices) -> None:
    """What one practice's call finds out stops the other's too; repaired, both go on, and no attempt was burnt."""
    north, south = both(offices)
    offices.sandbox.open_dental.fault(FaultKind.STATUS, account=north.customer_key, path="*", method="", status=401)
    report(offices, north)
    offices.poster()

    def causes() -> set[tuple[object, ...]]:
        return set(
            offices.database.rows("SELECT closed_reason, closed_at FROM gates WHERE connection_id = 'north-PMS'")
        )

    until(lambda: len(causes()) == 1 and None not in next(iter(causes())), "both gates are closed", show=north.shown)
    assert len(offices.database.rows("SELECT FROM gates WHERE connection_id = 'north-PMS'")) == 2
    ((reason,),) = offices.database.rows("SELECT closed_reason FROM connections WHERE target = 'PMS'")
    assert {each[0] for each in causes()} == {reason}
    assert set(north.states()) <= {"SCHEDULED", "RETRYING"}
    report(offices, south)
    offices.sandbox.open_dental.clear_faults()
    north.save_connection()
    offices.database.connection.execute("UPDATE gates SET not_before = 'epoch' WHERE practice_id = 'south'")
    for practice in (north, south):
        practice.until_states(*["POSTED"] * MANY)
