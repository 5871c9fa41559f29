"""Who is covered by which insurance comes into the mirror once a day, and follows what is changed and ended (RD-3)."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.sandbox.running import FaultKind
from sinks.sync.coverage_rows import subscription_owner
from tests.sinks.sync.readers import Readers

pytestmark = pytest.mark.stack


def _covered(readers: Readers) -> list[tuple[Any, ...]]:
    """Patient, priority, relation, pending, plan, whose subscription."""
    return readers.database.rows(
        "SELECT c.pms_patient_id, c.priority, c.relation, c.pending, s.plan_id, s.subscriber_id FROM mirror_coverages c"
        " JOIN mirror_subscriptions s USING (practice_id, subscription_id) ORDER BY c.coverage_id"
    )


def _number(readers: Readers, subscription: str) -> str:
    query = "SELECT number FROM mirror_subscriptions WHERE subscription_id = %s"
    sealed = bytes(readers.one(query, subscription))
    return readers.keys.open("practice-1", subscription_owner(subscription), sealed).decode()


def test_an_office_says_who_is_covered_and_by_whom(readers: Readers) -> None:
    """H-13: the number by which an insurer knows somebody is not to be read without the key."""
    office = readers.open()
    sandbox, key = readers.sandbox.open_dental, office.customer_key
    parent, child = (int(row["PatNum"]) for row in sandbox.add_patients(key, 2))
    own = sandbox.insure(key, parent, subscription={"SubscriberID": "CANARY-77", "DateTerm": "2026-12-31"})
    sandbox.insure(key, child, parent, coverage={"Ordinal": 2, "IsPending": "true"})
    readers.reader()
    readers.until_read()
    assert _covered(readers) == [
        (str(parent), 1, "Self", False, "15", str(parent)),
        (str(child), 2, "Dependent", True, "15", str(parent)),
    ]
    number = str(own["subscription"]["InsSubNum"])
    assert _number(readers, number) == "CANARY-77"
    assert "CANARY" not in str(readers.database.rows("SELECT s::text FROM mirror_subscriptions s"))
    ends = "SELECT ends_on::text FROM mirror_subscriptions ORDER BY subscription_id"
    assert readers.database.rows(ends) == [("2026-12-31",), (None,)]


def test_it_is_read_once_a_day_and_whole(readers: Readers) -> None:
    """A list without stamps of changes: a later round leaves it, and the next day's finds what is ended."""
    office = readers.open()
    sandbox, key = readers.sandbox.open_dental, office.customer_key
    people = [int(row["PatNum"]) for row in sandbox.add_patients(key, 3)]
    made = [sandbox.insure(key, person) for person in people]
    readers.reader()
    readers.until_read()
    assert len(_covered(readers)) == 3
    sandbox.edit(key, "patplans", int(made[0]["coverage"]["PatPlanNum"]))
    sandbox.edit(key, "inssubs", int(made[0]["subscription"]["InsSubNum"]))
    sandbox.edit(key, "patplans", int(made[1]["coverage"]["PatPlanNum"]), Ordinal=2)
    asked = len([call for call in sandbox.calls(key) if call.path.endswith("/patplans")])
    readers.read_again()
    assert len([call for call in sandbox.calls(key) if call.path.endswith("/patplans")]) == asked
    assert len(_covered(readers)) == 3
    readers.database.connection.execute(
        "UPDATE mirror_reads SET whole_at = whole_at - interval '1 day' WHERE kind = 'insurance'"
    )
    readers.read_again()
    assert [row[:2] for row in _covered(readers)] == [(str(people[1]), 2), (str(people[2]), 1)]
    assert readers.one("SELECT count(*) FROM mirror_subscriptions") == 2


def test_more_than_a_page_of_both_lists(readers: Readers) -> None:
    """Patients follow after the last page of subscriptions, wherever a turn ends."""
    office = readers.open(office={"page_cap": 100})
    sandbox, key = readers.sandbox.open_dental, office.customer_key
    (person,) = sandbox.add_patients(key, 1)
    for _ in range(101):
        sandbox.insure(key, int(person["PatNum"]))
    readers.reader()
    readers.until_read()
    assert len(_covered(readers)) == 101
    assert readers.read("insurance", "rows") == 202


def test_a_location_says_it_in_one_list(readers: Readers) -> None:
    """NexHealth counts priorities from 0, and says what is no longer active."""
    key = readers.open_location("practice-1")
    sandbox = readers.sandbox.nexhealth
    person = sandbox.add_patient(key)
    sandbox.insure(key, person["id"], subscription_relation="child", priority=1)
    sandbox.insure(key, person["id"], active=False)
    readers.reader()
    readers.until_read()
    assert _covered(readers) == [(str(person["id"]), 2, "child", False, "18", None)]


def test_an_office_without_the_lists_is_read_but_for_them(readers: Readers) -> None:
    """A version before 22.4.27: said of insurance, and the others are read."""
    office = readers.open()
    readers.sandbox.open_dental.fault(
        FaultKind.STATUS, status=404, text='"inssubs is not a valid resource."', account=office.customer_key,
        method="GET", path="/inssubs",
    )  # fmt: skip
    readers.reader()
    readers.until_read(result="PARTLY")
    assert readers.read("insurance", "result") == "FAILED"
    assert readers.read("patients", "result") == "READ"
