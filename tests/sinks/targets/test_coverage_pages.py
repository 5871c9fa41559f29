"""Insurance as each route asks for it and reads it (RD-3, law 29)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from sinks.targets.coverage import MirrorCoverage, MirrorSubscription
from sinks.targets.nexhealth import coverage_pages as nexhealth_pages
from sinks.targets.open_dental import coverage_pages
from sinks.targets.port import ReadFailed
from sinks.targets.reading import MirrorPage, PageRequest, ReadKind, bounded_page

AT = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)
DAY = date(2026, 2, 5)


def _request(position: str = "") -> PageRequest:
    return PageRequest(
        kind=ReadKind.INSURANCE, since="whatever", window_from=DAY, window_until=DAY, position=position, at=AT
    )


def _subscription(number: int, **fields: Any) -> dict[str, Any]:
    row = {"InsSubNum": number, "PlanNum": 15, "Subscriber": 1, "DateEffective": "2019-01-01", "DateTerm": "0001-01-01"}
    return row | {"SubscriberID": "8645332"} | fields


def _coverage(number: int, **fields: Any) -> dict[str, Any]:
    row = {"PatPlanNum": number, "PatNum": 7, "Ordinal": 1, "IsPending": "false", "Relationship": "Self"}
    return row | {"InsSubNum": 34} | fields


def test_open_dental_is_asked_for_subscriptions_and_then_for_whom_they_cover() -> None:
    assert coverage_pages.page_path(_request()) == "/inssubs?Limit=100&Offset=0"
    assert coverage_pages.page_path(_request("inssubs/100:1")) == "/inssubs?Limit=100&Offset=100"
    assert coverage_pages.page_path(_request("patplans/0:")) == "/patplans?Limit=100&Offset=0"
    assert coverage_pages.page_path(_request("patients/7:")) == "/inssubs?Limit=100&Offset=0"
    full = coverage_pages.page_of([_subscription(n) for n in range(1, 101)], _request())
    assert full.next_position == "inssubs/100:1"
    last = coverage_pages.page_of([_subscription(101)], _request("inssubs/100:1"))
    assert (last.next_position, last.whole_from) == ("patplans/0:", DAY)
    again = coverage_pages.page_of([_subscription(n) for n in range(1, 101)], _request("inssubs/100:1"))
    assert (again.subscriptions, again.next_position) == ((), "patplans/0:"), "this list has no pages"
    assert coverage_pages.page_of([_coverage(1)], _request("patplans/0:")).next_position is None
    assert coverage_pages.page_of([], _request("patplans/0:")).next_position is None


def test_what_open_dental_says_of_a_subscription_and_of_a_coverage() -> None:
    (found,) = coverage_pages.page_of([_subscription(34)], _request()).subscriptions
    assert (found.subscription_id, found.plan_id, found.subscriber_id) == ("34", "15", "1")
    assert (found.effective_on, found.ends_on, found.number) == (date(2019, 1, 1), None, "8645332")
    assert "8645332" not in repr(found)
    (covered,) = coverage_pages.page_of([_coverage(9, Ordinal=2)], _request("patplans/0:")).coverages
    assert (covered.coverage_id, covered.pms_patient_id, covered.subscription_id) == ("9", "7", "34")
    assert (covered.priority, covered.relation, covered.pending) == (2, "Self", False)


@pytest.mark.parametrize(
    "broken", [{"PatNum": 0}, {"InsSubNum": "x"}, {"Ordinal": 0}, {"Ordinal": True}, {"Ordinal": "1"}]
)
def test_a_row_that_cannot_be_read_is_counted(broken: dict[str, Any]) -> None:
    page = coverage_pages.page_of([_coverage(8), _coverage(9, **broken)], _request("patplans/0:"))
    assert ([each.coverage_id for each in page.coverages], page.skipped) == (["8"], 1)
    assert coverage_pages.page_of([_subscription(0)], _request()).skipped == 1


def _covered(**fields: Any) -> dict[str, Any]:
    row = {"id": 5, "patient_id": 7, "plan_id": 18, "subscriber_num": "A-1", "subscription_relation": "spouse"}
    return row | {"priority": 1, "effective_date": "2026-01-01", "expiration_date": None} | fields


def test_what_nexhealth_says_of_a_coverage() -> None:
    page = nexhealth_pages.page_of([_covered()], "next", _request())
    assert page.next_position == "next"
    (subscription,), (coverage,) = page.subscriptions, page.coverages
    assert (subscription.plan_id, subscription.effective_on, subscription.ends_on) == ("18", date(2026, 1, 1), None)
    assert (subscription.number, subscription.subscriber_id) == ("A-1", None)
    assert (coverage.priority, coverage.relation, coverage.subscription_id) == (2, "spouse", "5")
    ended = nexhealth_pages.page_of([_covered(active=False)], None, _request())
    assert [each.deleted for each in ended.coverages] == [True]


@pytest.mark.parametrize("broken", [{"id": None}, {"patient_id": "x"}, {"priority": "0"}, {"priority": 1_000}])
def test_a_row_of_nexhealth_that_cannot_be_read_is_counted(broken: dict[str, Any]) -> None:
    page = nexhealth_pages.page_of([_covered(**broken), _covered()], None, _request())
    assert (len(page.coverages), page.skipped) == (1, 1)


def _plain(**fields: Any) -> MirrorCoverage:
    given: dict[str, Any] = {"coverage_id": "9", "pms_patient_id": "7", "subscription_id": "34", "priority": 1}
    return MirrorCoverage(**(given | {"relation": "Self"} | fields))


def _subscribed(**fields: Any) -> MirrorSubscription:
    given: dict[str, Any] = {"subscription_id": "34", "plan_id": None, "subscriber_id": None, "effective_on": None}
    return MirrorSubscription(**(given | {"ends_on": None, "number": ""} | fields))


@pytest.mark.parametrize(
    "page",
    [
        MirrorPage(coverages=(_plain(coverage_id="a b"),)),
        MirrorPage(coverages=(_plain(relation="x" * 41),)),
        MirrorPage(coverages=(_plain(priority=0),)),
        MirrorPage(subscriptions=(_subscribed(plan_id="x" * 65),)),
        MirrorPage(subscriptions=(_subscribed(number="x" * 121),)),
    ],
)
def test_a_page_that_breaks_a_bound_is_none(page: MirrorPage) -> None:
    assert isinstance(bounded_page(page), ReadFailed)


def test_a_sound_page_stays() -> None:
    page = MirrorPage(coverages=(_plain(),), subscriptions=(_subscribed(),))
    assert bounded_page(page) == page
    assert page.count == 2
