"""`explain`: one function answers why, for any id (guarantee 3)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sinks.ledger.named_queries import named_queries
from tests.processors.rules.event_examples import PRACTICE
from tests.sinks.operations.explained import LATER, REQUEST, store_refunded_payment, story
from tests.sinks.operations.stored_payments import SOURCE, StoredPayments

_KEY = {"practice_id": PRACTICE, "about": "pay-1", "of_payout": False}

_NUMBERS = {"sources": [SOURCE, SOURCE], "event_ids": ["ev-1", "ev-2"], "effect_ids": [1, 2, 3, 4]}

PARAMETERS: dict[str, dict[str, Any]] = {
    "known": {"practice_id": None, "id": "pay-1", "external_ids": ["deposit/101"], "effect_id": 1},
    "events": _KEY,
    "entries": _KEY | _NUMBERS | {"now": None},
    "attempts": _KEY | _NUMBERS,
    "payouts_of": _KEY,
}


@pytest.mark.stack
@pytest.mark.parametrize(
    ("sought", "named"),
    [
        ("pay-1", "payment"),
        ("ev-1", "event"),
        ("ev-2", "event"),
        ("re-1", "refund"),
        ("e:1", "entry"),
        ("payments/7", "external id"),
        ("7", "external id"),
        ("WB" + REQUEST[:16], "marker"),
    ],
)
def test_every_id_that_people_have_leads_to_the_same_story(stored: StoredPayments, sought: str, named: str) -> None:
    """By event, payment, refund, entry, number at the target, or the marker that stands there."""
    store_refunded_payment(stored)
    shown = story(stored, sought)
    assert (shown.about.subject, shown.about.of_payout) == ("pay-1", False)
    assert named in shown.about.named
    assert [event.event_id for event in shown.events] == ["ev-1", "ev-2"]
    assert shown.headline == "Payment pay-1 of 103.00 USD: PARTIALLY_REVERSED, 4 of 4 entries in the books"


@pytest.mark.stack
def test_amounts_say_how_they_came_about(stored: StoredPayments) -> None:
    """N-2, R-16: 10300 with surcharge 300 and fee 267; half of it refunded with its share of the surcharge."""
    store_refunded_payment(stored)
    paid, refunded = (event.amounts for event in story(stored, "pay-1").events)
    assert paid is not None
    assert refunded is not None
    assert (paid.payment_minor, paid.companion_minor, paid.adds_up, paid.mode) == (10033, -33, True, "NET")
    assert paid.words == (
        "NET: payment 100.33 = gross 103.00 - fee 2.67",
        "fee adjustment -0.33 = fee 2.67 - surcharge 3.00",
        "payment + fee adjustment = 100.00 = gross 103.00 - surcharge 3.00",
    )
    assert (refunded.payment_minor, refunded.companion_minor, refunded.adds_up) == (-5150, 150, True)
    assert refunded.words[0] == "NET: payment -51.50 = gross -51.50 - fee 0.00"


@pytest.mark.stack
def test_decisions_carry_their_settings_and_their_waiting(stored: StoredPayments) -> None:
    """E-8, R-8: reason, version and what the version said; parked, why, and released when."""
    store_refunded_payment(stored)
    shown = story(stored, "pay-1")
    paid, refunded = shown.events
    assert (paid.reason, paid.settings_version, paid.timing, paid.waited_as) == ("AUTO_DAILY", 3, "DAILY", ())
    assert (refunded.waited_as, refunded.resolved_at) == (("AWAITING_ORIGINAL",), LATER)
    (version,) = shown.settings
    assert (version.saved_by, version.why) == ("dr.rowan", "daily from now on")
    assert version.words[:3] == (
        "posting on",
        "NET with the fee adjustment",
        "DAILY 18:00 America/New_York",
    )


@pytest.mark.stack
def test_attempts_links_letters_notices_payout_and_people(stored: StoredPayments) -> None:
    """Each attempt with its answer's class and both request ids; links both ways; who did what about it."""
    store_refunded_payment(stored)
    shown = story(stored, "pay-1")
    first, companion = shown.events[0].entries
    back, _ = shown.events[1].entries
    assert [(each.phase, each.answer, each.code, each.vendor_request_id) for each in first.attempts] == [
        ("balance", "Prepared", None, None),
        ("post", "NoAnswer", "TIMEOUT", None),
        ("post", "Posted", "201", "tid-9"),
        ("readback", "Found", None, None),
    ]
    assert first.attempts[0].words == "balance read before posting: 1 open charge"
    assert first.shares_minor == (10033,)
    assert (first.marker, first.request_id, first.generation) == ("WB" + REQUEST[:16], REQUEST, 2)
    assert (first.taken_back_by, back.takes_back, companion.after) == (("e:3",), "e:1", "e:1")
    (letter,) = back.dead_letters
    assert (letter.id, letter.reason, letter.settled_as) == ("e:3", "MAPPING_MISSING", "REDRIVEN")
    assert "the practice management system" in letter.remedy
    (notice,) = shown.notices
    assert (notice.cause, notice.closed_at) == ("posting:PMS:MAPPING_MISSING", LATER)
    assert [(each.who, each.action, each.why) for each in shown.people] == [
        ("cli:robin", "dead_letter.redrive", "mapped the type")
    ]
    assert [(each.payout_id, each.item, each.external_id, each.failed) for each in shown.payouts] == [
        ("po-1", 1, "deposit/101", False),
        ("po-1", 2, "deposit/101", False),
    ]


@pytest.mark.stack
def test_a_payout_lists_the_payments_that_it_carries(stored: StoredPayments) -> None:
    """P-22: the document's item numbers with the payments behind them, which QuickBooks never hears of (P-13)."""
    store_refunded_payment(stored)
    for sought in ("po-1", "deposit/101", "101"):
        shown = story(stored, sought)
        assert shown.about.of_payout
        assert [(each.number, each.category, each.payment_id) for each in shown.items] == [
            (1, "CHARGE", "pay-1"),
            (2, "REFUND", "pay-1"),
        ]
        (event,) = shown.events
        assert event.amounts is not None
        assert event.amounts.words == ("document 48.83 = gross 51.50 - fees 2.67",)


@pytest.mark.stack
def test_no_patient_data_beyond_the_surrogate(stored: StoredPayments) -> None:
    """H-21: neither the event's free fields nor what an action kept are shown, nor anybody's number at the PMS."""
    store_refunded_payment(stored)
    shown = msgspec.json.encode(story(stored, "pay-1")).decode()
    assert "pat-SURROGATE" in shown
    assert "pat-NAME" not in shown
    assert "PMS-17" not in shown


@pytest.mark.stack
@pytest.mark.parametrize("query", [*sorted(PARAMETERS)])
def test_each_question_is_answered_by_index(stored: StoredPayments, query: str) -> None:
    """Law 28: the cost of an explanation does not grow with what else the ledger holds."""
    store_refunded_payment(stored)
    stored.connection.execute("ANALYZE")
    stored.connection.execute("SET enable_seqscan = off")
    plan = stored.explained(named_queries("sinks.operations.queries.explain", "explain.sql")[query], PARAMETERS[query])
    for table in ("events", "effects", "attempts", "receipts", "bodies", "payout_items"):
        assert f"Seq Scan on {table}" not in plan, plan


@pytest.mark.stack
def test_what_the_ledger_does_not_keep_any_more_is_left_out(stored: StoredPayments) -> None:
    """Law 28: an old month's bytes are gone; the entries still tell the rest."""
    store_refunded_payment(stored)
    stored.connection.execute("DELETE FROM bodies")
    shown = story(stored, "pay-1")
    assert [event.amounts for event in shown.events] == [None, None]
    assert shown.totals is not None
    assert shown.totals.remaining_minor == 5000
