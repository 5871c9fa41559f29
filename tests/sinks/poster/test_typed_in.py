"""A payment that staff seem to have typed in is held for a person, once, and never posted silently (POST-7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from deploy.commands.story_page import story_lines
from schemas.practice_settings import AmountMode
from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.actions.entry_actions import act_on_entries
from sinks.operations.queries.explain import Story, explain
from sinks.operations.queries.explain.record import StoryEntry, StoryTypedIn
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


def _two_like_one(offices: Offices) -> tuple[Office, list[str]]:
    """Two payments of ours that wait, both like the one in the mirror; their ids."""
    office = _report(offices)
    offices.database.report(office.pay())
    offices.poster()
    payments = (
        "SELECT 'e:' || effect_id FROM effects WHERE practice_id = %s AND entry_kind = 'payment'"
        " AND reason = 'PROBABLY_TYPED_IN' ORDER BY effect_id"
    )
    until(lambda: len(offices.database.rows(payments, office.practice_id)) == 2, "both are held", show=office.shown)
    return office, [row[0] for row in offices.database.rows(payments, office.practice_id)]


def _story_of(offices: Offices, office: Office, entry: str) -> tuple[StoryEntry, str]:
    story = explain(offices.database.connection, entry, office.practice_id)
    assert isinstance(story, Story)
    (found,) = (each for event in story.events for each in event.entries if each.id == entry)
    return found, "\n".join(story_lines(story))


def test_the_payment_that_it_seems_to_be_is_named(offices: Offices) -> None:
    """One payment at the practice's system is like two of ours: a person is told its number, and of both."""
    office, (one, two) = _two_like_one(offices)
    for sought, other in ((one, two), (two, one)):
        entry, page = _story_of(offices, office, sought)
        assert entry.typed_in == (StoryTypedIn("payments/77", (other,)),)
        assert f"seems to be payments/77, typed in at the practice's system; {other} could be it too" in page


def test_one_that_was_decided_is_no_rival_any_more(offices: Offices) -> None:
    office, (one, two) = _two_like_one(offices)
    _act(offices, office, EntryAction.RECORD)
    assert _story_of(offices, office, one)[0].typed_in == ()
    assert _story_of(offices, office, two)[0].typed_in == (StoryTypedIn("payments/77", ()),)


def test_control_typed_in(offices: Offices) -> None:
    """Its control: it would stand twice."""
    office = _report(offices)
    offices.poster(test_controls=Control.TYPED_IN.value)
    office.until_states("POSTED")
