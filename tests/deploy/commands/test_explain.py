"""`writeback explain` as a person runs it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.deploy.commands.console import writeback, writeback_json
from tests.sinks.operations.explained import REQUEST, store_refunded_payment
from tests.sinks.operations.stored_payments import StoredPayments
from tests.worlds import World

pytestmark = pytest.mark.stack


@pytest.fixture
def explained(world: World) -> Iterator[World]:
    stored = StoredPayments(world.database_url)
    stored.practice()
    store_refunded_payment(stored)
    yield world
    stored.connection.close()


def test_the_page_tells_the_whole_story(explained: World) -> None:
    """Everything on one page, in the order in which it happened, in plain words."""
    said = writeback(explained, "explain", "re-1")
    assert said.code == 0, said.errors
    for words in (
        "Payment pay-1 of 103.00 USD: PARTIALLY_REVERSED, 4 of 4 entries in the books",
        "re-1 is its refund",
        "booked 100.00 USD, refunded -50.00 USD, remaining 50.00 USD",
        "1. 2026-03-04 17:01:00Z  PaymentSucceeded ev-1: pay-1",
        "the practice posts this type with its daily release (AUTO_DAILY, settings version 3, DAILY)",
        "gross 103.00 USD, surcharge 3.00 USD, fee 2.67 USD, net 100.33 USD",
        "NET: payment 100.33 = gross 103.00 - fee 2.67",
        "e:1 PMS payment for pat-SURROGATE: 100.33 USD, dated 2026-03-04",
        "POSTED: in the books as payments/7",
        "taken back by e:3",
        f"request {REQUEST}, marker WB{REQUEST[:16]}, generation 2",
        "post 1: 2026-03-04 17:00:01Z to 2026-03-04 17:00:02Z: no answer that can be trusted",
        "readback: 2026-03-04 17:00:05Z to 2026-03-04 20:00:00Z: looked for: not there (Found)",
        "(Posted 201, their id tid-9)",
        "parked: its payment or payout (AWAITING_ORIGINAL); released 2026-03-04 20:00:00Z",
        "takes back e:1",
        "dead letter e:3",
        "REDRIVEN 2026-03-04 20:00:00Z by cli:robin",
        "by dr.rowan: daily from now on",
        "NET with the fee adjustment; DAILY 18:00 America/New_York",
        "po-1, item 1 (CHARGE), gross 103.00 USD, fee 2.67 USD: e:5 POSTED deposit/101",
        "posting:PMS:MAPPING_MISSING: opened 2026-03-04 17:00:00Z",
        "cli:robin dead_letter.redrive RELEASED: mapped the type",
    ):
        assert words in said, f"{words!r} is missing in:\n{said}"
    assert "pat-NAME" not in said


def test_a_machine_gets_the_same_as_a_record(explained: World) -> None:
    """`--json` is stable: these names are what other programs hold on to."""
    found = writeback_json(explained, "explain", "deposit/101")
    assert sorted(found) == [
        "about",
        "dead_letters",
        "events",
        "headline",
        "items",
        "notices",
        "payouts",
        "people",
        "settings",
        "sought",
        "totals",
    ]
    assert found["about"]["subject"] == "po-1"
    assert [each["payment_id"] for each in found["items"]] == ["pay-1", "pay-1"]


def test_what_is_not_found_or_not_clear_says_what_to_do(explained: World) -> None:
    said = writeback(explained, "explain", "pay-77", "--practice", "practice-1")
    assert said.code == 1
    assert "practice practice-1 knows nothing called 'pay-77'; it was looked for as an event's id" in said.errors
    stored = StoredPayments(explained.database_url)
    stored.practice("other")
    stored.event("payment", "pay-1", ("payment", 100), practice_id="other")
    stored.connection.close()
    said = writeback(explained, "explain", "pay-1")
    assert said.code == 1
    assert "names 2: payment pay-1 of other" in said.errors
    assert "--practice" in said.errors
    assert writeback(explained, "explain", "pay-1", "--practice", "other").code == 0
