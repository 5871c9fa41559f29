"""The drift alarm: what people deleted or changed is found, told, put right or accepted (R-20, POST-7)."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.practice_settings import AmountMode
from sinks.operations.actions.accept_change import accept_change
from sinks.operations.queries.entry_changes import find_changes
from streams.runtime.errors import ConfigurationError, Permanent
from tests.processors.rules import linked_examples
from tests.sinks.operations.orders import ledger_of, order
from tests.sinks.poster.offices import Office
from tests.sinks.poster.test_every_kind_posts import about
from tests.sinks.sync.readers import Readers

pytestmark = pytest.mark.stack


def _posted(readers: Readers, **payment: Any) -> tuple[Office, int]:
    """An office with one payment of ours, and its number there."""
    office = readers.open(amount=AmountMode.GROSS)
    readers.database.report(office.pay(**payment))
    readers.poster()
    office.until_states("POSTED")
    readers.stop_posters()
    (row,) = readers.sandbox.open_dental.rows(office.customer_key, "payments")
    return office, int(row["PayNum"])


def _found(readers: Readers) -> list[tuple[str, str | None]]:
    return [(each.state, each.ended_as) for each in find_changes(readers.database.connection, None, ended=True)]


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "deleted": ({}, "GONE"),
    "amount": ({"PayAmt": "90"}, "CHANGED"),
    "date": ({"PayDate": "2026-01-02"}, "CHANGED"),
}


@pytest.mark.parametrize("how", CHANGES)
def test_what_people_did_before_the_first_read_is_found(readers: Readers, how: str) -> None:
    """The list of payments is whole for its window: what it does not show, or shows otherwise, is looked at."""
    fields, state = CHANGES[how]
    office, number = _posted(readers)
    readers.sandbox.open_dental.edit(office.customer_key, "payments", number, **fields)
    readers.reader()
    readers.until_read()
    assert _found(readers) == [(state, None)]


@pytest.mark.parametrize("how", CHANGES)
def test_what_people_do_later_is_found_with_the_next_read(readers: Readers, how: str) -> None:
    fields, state = CHANGES[how]
    office, number = _posted(readers)
    readers.reader()
    readers.until_read()
    assert _found(readers) == []
    readers.sandbox.open_dental.edit(office.customer_key, "payments", number, **fields)
    readers.read_again()
    assert _found(readers) == [(state, None)]


def test_another_patient_is_a_change_and_a_merge_is_none(readers: Readers) -> None:
    """R-20: a record that was merged into another is the same patient; moved alone by a person, it is a change."""
    office, number = _posted(readers)
    readers.reader()
    readers.until_read()
    sandbox = readers.sandbox.open_dental
    kept = office.patient("pt-kept")
    sandbox.merge_patients(office.customer_key, office.patient("pt-1"), kept)
    readers.read_again()
    assert _found(readers) == []
    assert readers.entries()[f"payments/{number}"][0] == str(kept)


def test_an_entry_that_was_moved_to_somebody_else_is_found(readers: Readers) -> None:
    office, number = _posted(readers)
    readers.reader()
    readers.until_read()
    sandbox = readers.sandbox.open_dental
    sandbox.edit(office.customer_key, "payments", number, PatNum=office.patient("pt-other"))
    readers.read_again()
    assert _found(readers) == [("CHANGED", None)]


def test_daily_work_on_an_entry_is_no_change(readers: Readers) -> None:
    """Another type, note or check number says nothing about the money."""
    office, number = _posted(readers)
    sandbox = readers.sandbox.open_dental
    sandbox.edit(office.customer_key, "payments", number, PayNote="paid at the desk", CheckNum="", PayType=1)
    readers.reader()
    readers.until_read()
    assert _found(readers) == []
    assert readers.entries()[f"payments/{number}"][2], "it is still known to be ours"


def test_an_adjustment_that_no_list_shows_is_looked_at_by_itself(readers: Readers) -> None:
    """Open Dental lists adjustments of one patient at a time: for a week each of ours is read once a day."""
    office = readers.open(amount=AmountMode.NET)
    readers.database.report(office.pay())
    readers.poster()
    office.until_states("POSTED", "POSTED")
    readers.stop_posters()
    sandbox = readers.sandbox.open_dental
    (row,) = sandbox.rows(office.customer_key, "adjustments")
    sandbox.edit(office.customer_key, "adjustments", int(row["AdjNum"]))
    readers.reader()
    readers.until_read()
    assert _found(readers) == [("GONE", None)]


def test_what_is_put_right_ends_by_itself(readers: Readers) -> None:
    office, number = _posted(readers)
    sandbox = readers.sandbox.open_dental
    sandbox.edit(office.customer_key, "payments", number, PayAmt="90")
    readers.reader()
    readers.until_read()
    assert _found(readers) == [("CHANGED", None)]
    sandbox.edit(office.customer_key, "payments", number, PayAmt="100")
    readers.read_again()
    assert _found(readers) == [("STANDS", "PUT_RIGHT")]


def test_what_a_person_accepts_is_told_no_more(readers: Readers) -> None:
    """H-15: with a name and a reason, shown first; the ledger keeps what was posted."""
    office, number = _posted(readers)
    readers.sandbox.open_dental.edit(office.customer_key, "payments", number)
    readers.reader()
    readers.until_read()
    database = readers.database
    ledger = ledger_of(database.connection, database.clock)
    accept_change(ledger, office.practice_id, 1, order(apply=False))
    assert _found(readers) == [("GONE", None)]
    accept_change(ledger, office.practice_id, 1, order())
    assert _found(readers) == [("GONE", "ACCEPTED")]
    assert office.states() == ["POSTED"]
    with pytest.raises(Permanent, match="has ended already"):
        accept_change(ledger, office.practice_id, 1, order())
    with pytest.raises(ConfigurationError, match="sync changes"):
        accept_change(ledger, office.practice_id, 7, order())
    readers.read_again()
    assert _found(readers) == [("GONE", "ACCEPTED")]


def test_a_refund_of_what_was_accepted_is_held_all_the_same(readers: Readers) -> None:
    """R-20: whether an original stands is read right before it is taken back, whatever was said before."""
    office = readers.open(amount=AmountMode.GROSS)
    paid = office.pay()
    readers.database.report(paid)
    readers.poster()
    office.until_states("POSTED")
    (row,) = readers.sandbox.open_dental.rows(office.customer_key, "payments")
    readers.sandbox.open_dental.edit(office.customer_key, "payments", int(row["PayNum"]))
    readers.reader()
    readers.until_read()
    database = readers.database
    accept_change(ledger_of(database.connection, database.clock), office.practice_id, 1, order())
    about(office, paid, linked_examples.refunded())
    office.until_states("POSTED", "AWAITING_REVIEW")
    assert office.column("reason")[1] == "ORIGINAL_GONE"
