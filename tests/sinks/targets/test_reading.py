"""What each route reads of a practice's system, or says why not; what a page may hold (RD-1 to RD-6, law 29)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from schemas.vocabulary import Target
from sinks.targets.catalogue import ROUTES
from sinks.targets.connector.adapter import ConnectorTarget
from sinks.targets.nexhealth import mirror_pages as nexhealth_pages
from sinks.targets.nexhealth.adapter import NexHealthTarget
from sinks.targets.open_dental import mirror_pages
from sinks.targets.open_dental.adapter import OpenDentalTarget
from sinks.targets.port import ReadFailed
from sinks.targets.reading import (
    LARGEST_MINOR,
    Identity,
    MirrorEntry,
    MirrorPage,
    MirrorPatient,
    PageRequest,
    ReadKind,
    bounded,
    bounded_page,
    contacts,
)

AT = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)
WINDOW = date(2026, 2, 5)
UNTIL = date(2026, 6, 7)
ADAPTERS = {"open_dental": OpenDentalTarget, "nexhealth": NexHealthTarget, "connector": ConnectorTarget}


@pytest.mark.parametrize("route", [each for each in ROUTES.values() if each.target is Target.PMS], ids=lambda r: r.name)
def test_a_route_reads_a_kind_or_says_why_not(route: Any) -> None:
    """What it does not refuse it has a method for; a refusal is a sentence for people."""
    for kind, why in route.unread.items():
        assert len(why.split()) > 4, kind
    adapter = ADAPTERS.get(route.name)
    for kind in ReadKind:
        if kind not in route.unread:
            assert hasattr(adapter, "choices" if kind is ReadKind.CHOICES else "read_page"), kind


def _request(kind: ReadKind, since: str | None = None, position: str = "") -> PageRequest:
    return PageRequest(kind=kind, since=since, window_from=WINDOW, window_until=UNTIL, position=position, at=AT)


def test_open_dental_asks_for_what_changed_since_two_hours_before_the_watermark() -> None:
    """An hour comes twice when clocks go back: stamps without a zone are asked for again."""
    path = mirror_pages.page_path(_request(ReadKind.PATIENTS, "2026-03-08 01:30:00"))
    assert path == "/patients/Simple?DateTStamp=2026-03-07+23%3A30%3A00&Limit=100&Offset=0"
    assert mirror_pages.page_path(_request(ReadKind.PATIENTS)) == "/patients/Simple?Limit=100&Offset=0"
    assert mirror_pages.page_path(_request(ReadKind.PATIENTS, "soon", "300:77")).endswith("?Limit=100&Offset=300")


@pytest.mark.parametrize(
    ("since", "day"),
    [(None, "2026-02-05"), ("2026-03-08 01:30:00", "2026-03-06"), ("2026-01-01 00:00:00", "2026-02-05")],
)
def test_open_dental_asks_for_payments_by_the_day_of_their_making(since: str | None, day: str) -> None:
    assert f"DateEntry={day}" in mirror_pages.page_path(_request(ReadKind.PAYMENTS, since))


def _payment(number: int, **fields: Any) -> dict[str, Any]:
    row = {"PayNum": number, "PatNum": 7, "PayAmt": "12.5", "PayDate": "2026-03-01", "DateEntry": "2026-03-02"}
    return row | {"CheckNum": "", "PayNote": "", "serverDateTime": "2026-03-08 01:31:00"} | fields


def test_a_full_page_has_another_one_and_a_list_without_pages_ends() -> None:
    """An office that ignores the offset gives the same page again: that was all of it."""
    rows = [_payment(number) for number in range(1, 101)]
    first = mirror_pages.page_of(rows, _request(ReadKind.PAYMENTS))
    assert (first.next_position, first.watermark, first.whole_from) == ("100:1", "2026-03-08 01:31:00", WINDOW)
    again = mirror_pages.page_of(rows, _request(ReadKind.PAYMENTS, position="100:1"))
    assert (again.next_position, again.entries) == (None, ())
    last = mirror_pages.page_of(rows[:7], _request(ReadKind.PAYMENTS, position="100:999"))
    assert (last.next_position, len(last.entries)) == (None, 7)


@pytest.mark.parametrize("broken", [{"PayAmt": "1e999"}, {"PatNum": "x"}, {"PayDate": None}, {"DateEntry": "soon"}])
def test_a_row_that_cannot_be_read_is_counted(broken: dict[str, Any]) -> None:
    page = mirror_pages.page_of([_payment(1), _payment(2, **broken)], _request(ReadKind.PAYMENTS))
    assert ([each.external_id for each in page.entries], page.skipped) == (["payments/1"], 1)


def test_a_marker_in_any_text_makes_a_payment_ours() -> None:
    texts = ("WBABCDEFGHIJKLMNOP", "WBABCDEFGHIJKLMNO", "xWBABCDEFGHIJKLMNOP2")
    rows = [_payment(n, PayNote=text) for n, text in enumerate(texts, 1)]
    page = mirror_pages.page_of(rows, _request(ReadKind.PAYMENTS))
    assert [each.marked for each in page.entries] == [True, False, False]


def test_only_a_whole_list_of_patients_proves_absence() -> None:
    rows = [{"PatNum": 7, "Guarantor": 7, "PatStatus": "Patient"}]
    assert mirror_pages.page_of(rows, _request(ReadKind.PATIENTS)).whole_from == WINDOW
    assert mirror_pages.page_of(rows, _request(ReadKind.PATIENTS, "2026-03-08 01:30:00")).whole_from is None


def test_nexhealth_asks_for_deleted_entries_and_never_before_the_window() -> None:
    assert nexhealth_pages.query_of(_request(ReadKind.PAYMENTS)) == {
        "updated_since": "2026-02-05T00:00:00Z",
        "include_deleted": "true",
    }
    later = nexhealth_pages.query_of(_request(ReadKind.ADJUSTMENTS, "2026-03-08T06:30:00Z"))
    assert later["updated_since"] == "2026-03-08T04:30:00Z"
    assert nexhealth_pages.query_of(_request(ReadKind.PATIENTS)) == {"location_strict": "true"}


def _entry(**fields: Any) -> MirrorEntry:
    given: dict[str, Any] = {
        "external_id": "payments/1",
        "pms_patient_id": "7",
        "amount_minor": 1,
        "entry_date": WINDOW,
    }
    return MirrorEntry(**(given | {"made_on": WINDOW, "marked": False} | fields))


@pytest.mark.parametrize(
    "page",
    [
        MirrorPage(entries=(_entry(external_id="payments/\ud800"),)),
        MirrorPage(entries=(_entry(pms_patient_id="x" * 65),)),
        MirrorPage(entries=(_entry(amount_minor=LARGEST_MINOR + 1),)),
        MirrorPage(next_position="x" * 1_001),
        MirrorPage(next_position="\x00"),
        MirrorPage(watermark="é"),
        MirrorPage(patients=(MirrorPatient(pms_patient_id="7", guarantor_id="\n", in_use=True, identity=Identity()),)),
    ],
)
def test_a_page_that_breaks_a_bound_is_none(page: MirrorPage) -> None:
    """Law 29."""
    assert isinstance(bounded_page(page), ReadFailed)
    assert bounded_page(MirrorPage(entries=(_entry(),))) == MirrorPage(entries=(_entry(),))


def test_texts_about_people_are_bounded() -> None:
    assert bounded("A\x00da \u2028" + "x" * 500) == "Ada " + "x" * 194
    assert bounded(7) == ""
    assert contacts("1", None, "1", "", "2", "3", "4", "5", "6") == ("1", "2", "3", "4", "5")
