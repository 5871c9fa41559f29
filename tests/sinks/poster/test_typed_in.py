"""A payment that staff seem to have typed in is held for a person, once, and never posted silently (POST-7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from schemas.practice_settings import AmountMode
from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.actions.entry_actions import act_on_entries
from streams.fault_injection import Control
from tests.processors.rules.event_examples import NOON
from tests.scenarios.waiting import until
from tests.sinks.operations.orders import ledger_of, order
from tests.sinks.poster.offices import Office, Offices

pytestmark = pytest.mark.stack
DAY = NOON.date()


def _mirrored(office: Office, minor: int = 10_000, **changed: Any) -> None:
    """A payment in the mirror, as a read of the practice's system brought it."""
    row = {
        "practice_id": office.practice_id,
        "external_id": "payments/77",
        "kind": "payments",
        "pms_patient_id": str(office.patient("pt-1")),
        "amount_minor": minor,
        "entry_date": DAY,
        "made_on": DAY,
        "ours": False,
        "run": 1,
        "read_at": NOON,
        "gone_at": None,
    } | changed
    names = ", ".join(row)
    places = ", ".join(["%s"] * len(row))
    office.ledger.database.connection.execute(
        f"INSERT INTO mirror_entries ({names}) VALUES ({places})", tuple(row.values())
    )


def _report(offices: Offices, **mirrored: Any) -> Office:
    office = offices.open(amount=mirrored.pop("amount", AmountMode.GROSS))
    if mirrored.pop("typed", True):
        _mirrored(office, **mirrored)
    offices.database.report(office.pay())
    return office


@pytest.mark.parametrize(
    ("amount", "minor"), [(AmountMode.GROSS, 10_000), (AmountMode.NET, 9_680), (AmountMode.NET, 10_000)]
)
def test_the_same_patient_day_and_amount_is_held(offices: Offices, amount: AmountMode, minor: int) -> None:
    """Net of the fee or what the patient paid: staff type either. What hangs on the payment waits with it."""
    office = _report(offices, amount=amount, minor=minor)
    offices.poster()
    until(lambda: office.states()[0] == "AWAITING_REVIEW", "it is held", show=office.shown)
    assert office.column("reason")[0] == "PROBABLY_TYPED_IN"
    assert office.payments() == []
    assert office.adjustments() == []


OTHERS: dict[str, dict[str, Any]] = {
    "another amount": {"minor": 9_999},
    "another day": {"entry_date": DAY - timedelta(days=1)},
    "another patient": {"pms_patient_id": "999"},
    "our own": {"ours": True},
    "deleted there": {"gone_at": NOON},
}


@pytest.mark.parametrize("how", OTHERS)
def test_anything_else_is_posted(offices: Offices, how: str) -> None:
    office = _report(offices, **OTHERS[how])
    offices.poster()
    office.until_states("POSTED")


def _act(offices: Offices, office: Office, action: EntryAction) -> None:
    database = offices.database
    done = act_on_entries(ledger_of(database.connection, database.clock), action, office.practice_id, [1], order())
    assert done.refused == 0


def test_whoever_has_it_posted_is_not_asked_again(offices: Offices) -> None:
    """The patient paid twice: a person says so, and it goes out although the other payment still stands."""
    office = _report(offices)
    offices.poster()
    office.until_states("AWAITING_REVIEW")
    _act(offices, office, EntryAction.POST)
    office.until_states("POSTED")
    assert office.payments() == [(office.patient("pt-1"), 10_000)]


def test_the_same_payment_is_recorded(offices: Offices) -> None:
    """POST-7: it stands once in the books."""
    office = _report(offices)
    offices.poster()
    office.until_states("AWAITING_REVIEW")
    _act(offices, office, EntryAction.RECORD)
    office.until_states("RECORDED_MANUALLY")
    assert office.payments() == []


def test_control_typed_in(offices: Offices) -> None:
    """Its control: it would stand twice."""
    office = _report(offices)
    offices.poster(test_controls=Control.TYPED_IN.value)
    office.until_states("POSTED")
