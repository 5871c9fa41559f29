"""Running totals and derived states per payment and payout, in one query (R-1, R-15)."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.vocabulary import State
from sinks.ledger.named_queries import named_queries
from sinks.operations.queries.explain import Story, explain
from sinks.operations.queries.totals import PaymentStanding, Totals, totals_of, totals_with
from sinks.operations.queries.transaction_filter import Wanted
from sinks.operations.queries.transactions import list_transactions
from tests.processors.rules.event_examples import PRACTICE
from tests.sinks.operations.stored_payments import StoredPayments

pytestmark = pytest.mark.stack

REVERSED, PARTLY = PaymentStanding.REVERSED, PaymentStanding.PARTIALLY_REVERSED
PAID = (("payment", 9680), ("fee_adjustment", 320))

CASES: dict[str, tuple[tuple[tuple[Any, ...], ...], PaymentStanding | None, int]] = {
    "paid": ((), None, 10000),
    "refunded in full (R-4)": ((("refund", ("refund", -10000)),), REVERSED, 0),
    "refunded in part (R-2)": (
        (("refund", ("refund", -3333)), ("refund", ("refund", -3333))),
        PARTLY,
        3334,
    ),
    "refunded in parts to the last cent (R-2)": (
        (("refund", ("refund", -3333)), ("refund", ("refund", -3333)), ("refund", ("refund", -3334))),
        REVERSED,
        0,
    ),
    "a refund that failed (R-9)": (
        (("refund", ("refund", -10000)), ("refund_failed", ("refund", 10000))),
        None,
        10000,
    ),
    "returned with a fee (R-15)": (
        (("return", ("return", -10400), ("fee_adjustment", 400)),),
        REVERSED,
        0,
    ),
    "disputed (R-15)": ((("dispute", ("dispute_hold", -11500), ("fee_adjustment", 1500)),), REVERSED, 0),
    "disputed and won (R-10)": (
        (
            ("dispute", ("dispute_hold", -11500), ("fee_adjustment", 1500)),
            ("dispute_closed", ("dispute_release", 11500), ("fee_adjustment", -1500)),
        ),
        None,
        10000,
    ),
    "voided (R-7)": (
        (("void", ("reversal", -9680, "", "payment/@1"), ("reversal", -320, "", "fee_adjustment/@1")),),
        REVERSED,
        0,
    ),
    "corrected upward (E-11)": (
        (
            (
                "payment",
                ("reversal", -9680, "", "payment/@1"),
                ("reversal", -320, "", "fee_adjustment/@1"),
                ("payment", 11600),
                ("fee_adjustment", 400),
            ),
        ),
        None,
        12000,
    ),
    "a refund still to be posted": ((("refund", ("refund", -10000, "SCHEDULED")),), None, 10000),
    "a refund recorded by hand": ((("refund", ("refund", -10000, "RECORDED_MANUALLY")),), REVERSED, 0),
    "a membership's charge taken back (B-1)": (
        (("refund", ("refund", -5000), ("charge_reversal", 5000)),),
        PARTLY,
        5000,
    ),
}


def _store(
    stored: StoredPayments, later: tuple[tuple[Any, ...], ...], payment: str = "pay-1", paid: Any = PAID
) -> None:
    stored.event("payment", payment, *paid)
    for n, (kind, *entries) in enumerate(later):
        same = {"version": n + 2} if kind == "payment" else {"concerns": payment}
        stored.event(kind, payment if kind == "payment" else f"{kind}-{payment}-{n}", *entries, **same)


def _of(stored: StoredPayments, subject: str = "pay-1") -> Totals:
    (found,) = totals_of(stored.connection, [(PRACTICE, subject)])
    return found


@pytest.mark.parametrize("case", CASES)
def test_what_remains_and_how_it_stands(stored: StoredPayments, case: str) -> None:
    """R-15: payment and companion together; the derived state follows from what is in the books, nothing else."""
    later, standing, remaining = CASES[case]
    _store(stored, later)
    found = _of(stored)
    assert (found.standing, found.remaining_minor) == (standing, remaining)


def test_totals_are_kept_apart_by_what_happened(stored: StoredPayments) -> None:
    """One row says how much was booked, refunded, returned, disputed, and what is still to be posted."""
    later = (
        ("refund", ("refund", -2000)),
        ("refund", ("refund", -1000, "SCHEDULED")),
        ("dispute", ("dispute_hold", -8500), ("fee_adjustment", 500)),
    )
    _store(stored, later)
    found = _of(stored)
    assert (found.booked_minor, found.refunded_minor, found.disputed_minor) == (10000, -2000, -8000)
    assert (found.remaining_minor, found.open_minor, found.standing) == (0, -1000, REVERSED)
    assert found.currency == "USD"


@pytest.mark.parametrize("net", [14505, -7175])
def test_a_returned_payout_is_reversed_whatever_its_sign(stored: StoredPayments, net: int) -> None:
    """P-21, P-4."""
    stored.event("payout", "po-1", ("payout", net))
    assert _of(stored, "po-1").standing is None
    stored.event("payout_failed", "po-1", ("payout_reversal", -net), concerns="po-1")
    found = _of(stored, "po-1")
    assert (found.of_payout, found.voided_minor, found.remaining_minor) == (True, -net, 0)
    assert found.standing is REVERSED


def test_a_payout_told_again_stands_as_its_newest_version(stored: StoredPayments) -> None:
    """P-8: reverse and new is no reversal of the payout."""
    stored.event("payout", "po-1", ("payout", 14505))
    stored.event("payout", "po-1", ("payout_reversal", -14505, "", "payout/@1"), ("payout", 14000), version=2)
    found = _of(stored, "po-1")
    assert (found.booked_minor, found.standing) == (14000, None)


def test_charges_and_write_offs_are_no_money(stored: StoredPayments) -> None:
    """B-1, I-6: a membership's charge and an insurer's write-off change balances, not what was paid."""
    stored.event("payment", "pay-1", ("charge", -29900), ("payment", 29003), ("fee_adjustment", 897))
    stored.event("payment", "pay-2", ("insurance_payment", 2400), ("write_off", 17600))
    both = totals_of(stored.connection, [(PRACTICE, payment) for payment in ("pay-1", "pay-2")])
    assert [each.booked_minor for each in both] == [29900, 2400]


def test_what_was_superseded_belongs_to_the_sum(stored: StoredPayments) -> None:
    """B-5: the bare payment that a membership replaced is outside the index of the living, and found all the same."""
    stored.event("payment", "pay-1", ("payment", 29003, "VOIDED_BEFORE_POST"), superseded_by="ev-2")
    stored.event("payment", "pay-1", ("payment", 29003), ("fee_adjustment", 897))
    assert _of(stored).booked_minor == 29900


def test_practices_and_ids_are_never_mixed(stored: StoredPayments) -> None:
    stored.practice("other")
    stored.event("payment", "pay-1", *PAID)
    stored.event("refund", "re-1", ("refund", -500), concerns="pay-1", practice_id="other")
    stored.event("payout", "pay-1", ("payout", 700), version=7)
    found = totals_of(stored.connection, [(PRACTICE, "pay-1")])
    assert [(each.of_payout, each.booked_minor, each.refunded_minor) for each in found] == [
        (False, 10000, 0),
        (True, 700, 0),
    ]


def test_they_are_listed_by_how_they_stand(stored: StoredPayments) -> None:
    """`transactions list --state REVERSED`: every entry of such a payment, and no other. What takes back has no
    standing of its own."""
    _store(stored, CASES["refunded in full (R-4)"][0], "pay-1")
    _store(stored, CASES["refunded in part (R-2)"][0], "pay-2")
    _store(stored, (), "pay-3")
    listed = list_transactions(stored.connection, Wanted(standings=(REVERSED,)))
    assert {each.about for each in listed.transactions} == {"pay-1"}
    assert {each.standing for each in listed.transactions} == {REVERSED, None}
    assert [each.standing for each in listed.transactions].count(REVERSED) == 2  # the payment and its fee
    assert len(listed.transactions) == 3
    partly = totals_with(stored.connection, PRACTICE, [PARTLY])
    assert [(each.subject, each.remaining_minor) for each in partly] == [("pay-2", 3334)]
    both = list_transactions(stored.connection, Wanted(standings=(PARTLY,), states=(State.REJECTED,)))
    assert {each.about for each in both.transactions} == {"pay-2"}
    everything = list_transactions(stored.connection, Wanted())
    assert {(each.about, each.standing) for each in everything.transactions} == {
        ("pay-1", REVERSED),
        ("pay-1", None),
        ("pay-2", PARTLY),
        ("pay-2", None),
        ("pay-3", None),
    }
    assert len(everything.totals) == 3


def test_a_payments_story_has_its_refunds_and_its_totals(stored: StoredPayments) -> None:
    """The story by the payment's id shows what came later too."""
    _store(stored, CASES["refunded in part (R-2)"][0])
    found = explain(stored.connection, "pay-1", PRACTICE)
    assert isinstance(found, Story)
    assert [event.kind for event in found.events] == ["payment", "refund", "refund"]
    assert found.totals is not None
    assert found.totals.standing is PARTLY


def test_one_payment_is_found_by_index_among_many(stored: StoredPayments) -> None:
    """Running totals in one query, whose cost does not grow with the ledger."""
    for n in range(200):
        _store(stored, CASES["refunded in part (R-2)"][0] if n % 10 == 0 else (), f"pay-{n}")
    stored.connection.execute("ANALYZE events, entries, work, outcomes")
    stored.connection.execute("SET enable_seqscan = off")
    query = named_queries("sinks.operations.queries", "totals.sql")["totals"]
    plan = stored.explained(
        query,
        {
            "practice_ids": [PRACTICE],
            "subjects": ["pay-7"],
            "all_linked": False,
            "practice_id": None,
        },
    )
    assert "Seq Scan" not in plan, plan
    for index in ("events_money", "events_superseded", "events_concerning", "entries_identity"):
        assert index in plan, plan
    # Its condition names the event: the index is not walked through for a whole practice.
    assert "(event_id = t.event_id)" in plan, plan
