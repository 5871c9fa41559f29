"""One money told by several systems of one platform: the same, contradicted, or completed (E-1, law 6, B-5)."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from schemas.events import Event, Member, PaymentKind, Split
from schemas.practice_settings import AmountMode, MembershipBooking
from sinks.ledger import conservation
from sinks.operations.queries.explain import Story, explain
from streams.fault_injection import Control
from tests.processors.rules.event_examples import item, membership, payment, payout
from tests.processors.rules.linked_examples import (
    cleared,
    corrected,
    disputed,
    fee_assessed,
    payout_failed,
    refund_failed,
    refunded,
    returned,
    voided,
)
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again
from tests.sinks.ledger.linked_events import LATER, MINUTE, entries, posted, ready


def told_by(event: Event, source: str, **changed: Any) -> Any:
    """The same money from another system, under an event id of its own."""
    return again(event, source=source, event_id=f"{source}-{event.event_id}", **changed)


PAYOUT = payout(item(1, 10000, 320, payment_id="pay-1"), at=LATER, source="payouts.example")
REFUND = refunded(-4000, at=LATER + MINUTE, source="portal.example")

REPEATABLE = [
    payment(),
    corrected(),
    fee_assessed(at=LATER),
    cleared(at=LATER),
    voided(at=LATER),
    returned(at=LATER),
    refunded(-4000, at=LATER),
    refund_failed(4000, at=LATER),
    disputed(at=LATER),
    payout(item(1, 10000, 320, payment_id="pay-1"), at=LATER),
    payout_failed(at=LATER),
    membership(payment_id="pay-9"),
]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_payment_refund_and_payout_of_three_systems_are_of_one_payment(
    database: LedgerDatabase, order: tuple[int, ...]
) -> None:
    """E-1, N-5: the fee comes from the payout's source, the refund from a third; all find the payment."""
    ready(database)
    told = [payment(fee=None), PAYOUT, REFUND]
    for place in order:
        database.report(told[place])
    mine = [row[1:4] for row in entries(database) if row[1] != "payout"]
    assert sorted(mine) == [
        ("fee_adjustment", 320, "SCHEDULED"),
        ("payment", 9680, "SCHEDULED"),
        ("refund", -4000, "SCHEDULED"),
    ]
    assert set(database.waiting()) == {None}
    assert conservation.violations(database.connection) == []


@pytest.mark.parametrize("told", REPEATABLE, ids=lambda event: type(event).__name__)
@pytest.mark.parametrize("batches", [1, 2])
def test_the_same_facts_from_two_systems_are_one(database: LedgerDatabase, told: Event, batches: int) -> None:
    """E-1: whatever the event, in one batch and in two; what moved once moves once."""
    ready(database)
    both = [told, told_by(told, "portal.example")]
    for start in range(0, 2, 2 // batches):
        database.report(*both[start : start + 2 // batches])
    assert database.verdicts() == ["FIRST", "DUPLICATE"]
    assert database.one("SELECT count(*) FROM events") == 1
    assert database.rows("SELECT of_event_id, event_id, verdict FROM told_again") == [
        (told.event_id, both[1].event_id, "DUPLICATE")
    ]


@pytest.mark.parametrize(
    "changed",
    [
        {"initiation": "PATIENT"},
        {"card": None, "payer": "OTHER"},
        {"splits": (Split(patient_ref="pt-1", amount_minor=10000),)},
        {"fee_minor": None, "net_minor": None},
    ],
    ids=["initiation", "payer", "one split for the patient", "fee not known"],
)
def test_what_is_not_money_contradicts_nobody(database: LedgerDatabase, changed: dict[str, Any]) -> None:
    """E-1: money fields, currency, patients and shares, and the fee where both know it."""
    ready(database)
    database.report(payment())
    database.report(told_by(payment(), "portal.example", **changed))
    assert database.verdicts() == ["FIRST", "DUPLICATE"]


def test_control_without_the_comparison_by_facts_two_systems_contradict_each_other(database: LedgerDatabase) -> None:
    """The control of E-1: the same payment from two systems, of which one says who started it, is a conflict."""
    database.reopen(Control.SAME_MONEY)
    ready(database)
    database.report(payment())
    database.report(told_by(payment(), "portal.example", initiation="PATIENT"))
    assert database.verdicts() == ["FIRST", "CONFLICT"]
    database.reopen()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"gross_minor": 9900, "net_minor": 9580}, [["gross", 10000, 9900]]),
        ({"fee_minor": 300, "net_minor": 9700}, [["fee", 320, 300]]),
        ({"surcharge_minor": 100}, [["surcharge", 0, 100]]),
        ({"patient_ref": "pt-2"}, [["patients", None, None]]),
        ({"splits": (Split(patient_ref="pt-2", amount_minor=10000),)}, [["patients", None, None]]),
    ],
    ids=["gross", "fee", "surcharge", "patient", "split"],
)
def test_other_facts_are_a_conflict_that_says_what_they_disagree_about(
    database: LedgerDatabase, changed: dict[str, Any], said: list[list[Any]]
) -> None:
    """E-1, E-2: the first stands, the other is a dead letter; both amounts are kept, and no patient is named."""
    ready(database)
    database.report(payment())
    database.report(told_by(payment(), "portal.example", **changed))
    assert database.verdicts() == ["FIRST", "CONFLICT"]
    assert database.amounts() == [9680, 320]
    ((kept,),) = database.rows("SELECT differences FROM told_again WHERE verdict = 'CONFLICT'")
    assert [[each["what"], each["stored"], each["told"]] for each in kept] == said
    assert database.one("SELECT count(*) FROM outbox WHERE topic = 'writeback-dead-letters.v1'") == 1


def test_one_system_that_contradicts_itself_is_a_conflict_by_any_difference(database: LedgerDatabase) -> None:
    """E-1: under two event ids of one source, content that is no money counts too."""
    ready(database)
    database.report(payment())
    database.report(again(payment(), event_id="ev-2", initiation="PATIENT"))
    assert database.verdicts() == ["FIRST", "CONFLICT"]


def test_a_conflict_told_again_is_told_once(database: LedgerDatabase) -> None:
    """Law 11: the same record again changes nothing, and no second letter follows."""
    ready(database)
    other = database.decide(told_by(payment(), "portal.example", gross_minor=9900, net_minor=9580))
    database.store(database.decide(payment()), other, other)
    database.store(other)
    assert database.one("SELECT count(*) FROM told_again") == 1
    assert database.one("SELECT count(*) FROM outbox WHERE topic = 'writeback-dead-letters.v1'") == 1


def test_the_same_event_id_at_two_systems_is_two_events(database: LedgerDatabase) -> None:
    """E-1: an event is (source, event_id); its story tells them apart."""
    ready(database)
    database.report(payment(), again(REFUND, event_id="ev-1"))
    story = explain(database.connection, "pay-1", now=database.clock.instant)
    assert isinstance(story, Story)
    assert [(each.source, each.event_id, len(each.entries)) for each in story.events] == [
        ("payments.example", "ev-1", 2),
        ("portal.example", "ev-1", 1),
    ]


def test_the_story_of_a_payment_shows_who_told_it_again(database: LedgerDatabase) -> None:
    """E-1: a duplicate and a contradiction stand in the story, with what was said; their ids find it."""
    ready(database)
    database.report(payment())
    database.report(told_by(payment(), "portal.example"))
    database.report(told_by(payment(), "ledger.example", gross_minor=9900, net_minor=9580))
    story = explain(database.connection, "ledger.example-ev-1", now=database.clock.instant)
    assert isinstance(story, Story)
    told = [(each.source, each.verdict, len(each.differences)) for each in story.events[0].told_by_others]
    assert told == [("portal.example", "DUPLICATE", 0), ("ledger.example", "CONFLICT", 1)]


def test_a_later_report_that_knows_the_fee_ends_the_wait_for_it(database: LedgerDatabase) -> None:
    """N-5: which of two systems comes first decides nothing."""
    ready(database)
    database.report(payment(fee=None))
    assert database.waiting() == ["AWAITING_FEE"]
    database.report(told_by(payment(), "portal.example"))
    assert sorted(database.amounts()) == [320, 9680]
    assert set(database.waiting()) == {None}
    assert conservation.violations(database.connection) == []


BARE = payment(gross=29900, fee=897, kind=PaymentKind.MEMBERSHIP, patient_ref="pt-1")
NAMED = membership(
    payment_id="pay-1",
    at=LATER,
    source="memberships.example",
    members=(Member(patient_ref="pt-1", amount_minor=19900), Member(patient_ref="pt-2", amount_minor=10000)),
)
BY_MEMBER = {"pt-1": 19303, "pt-2": 9700}


def standing(database: LedgerDatabase, kind: str) -> dict[str, int]:
    """What stands by patient of the entries of one kind, their reversals taken off."""
    rows = database.rows(
        "SELECT patient_ref, sum(amount_minor)::int FROM effects WHERE state <> 'VOIDED_BEFORE_POST'"
        " AND (entry_kind = %s OR entry_kind IN ('reversal', 'charge_reversal') AND part LIKE %s) GROUP BY 1",
        kind,
        f"{kind}/%",
    )
    return {patient: minor for patient, minor in rows if minor}


@pytest.mark.parametrize("sent", ["not sent", "posted"])
@pytest.mark.parametrize("named_first", [False, True], ids=["payment first", "membership first"])
def test_members_are_not_lost_whichever_report_comes_first(
    database: LedgerDatabase, sent: str, named_first: bool
) -> None:
    """B-5, E-11: a payment that names a patient and a membership that names members are one money; the members count,
    posted or not."""
    ready(database)
    database.link("pt-2")
    first, second = (NAMED, BARE) if named_first else (BARE, NAMED)
    database.report(first)
    if sent == "posted":
        posted(database, *(row[0] for row in database.rows("SELECT effect_id FROM effects ORDER BY 1")))
    database.report(second)
    assert database.verdicts() == ["FIRST", "DUPLICATE" if named_first else "FIRST"]
    assert standing(database, "payment") == BY_MEMBER
    assert standing(database, "charge") == {"pt-1": 19900, "pt-2": 10000}
    assert conservation.violations(database.connection) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"initiation": "PATIENT"},
        {"payer": "GUARANTOR"},
        {"funds": "PENDING"},
        {"patient_ref": None},
        {"patient_ref": "pt-7"},
        {"fee_minor": None, "net_minor": None},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_the_two_reports_of_a_membership_need_not_share(database: LedgerDatabase, changed: dict[str, Any]) -> None:
    """B-5: gross, surcharge, net and the fee where both know it; not initiation, payer, funds, or members beside the
    patient."""
    ready(database)
    database.report(NAMED)
    database.report(again(BARE, **changed))
    assert database.verdicts() == ["FIRST", "DUPLICATE"]


def test_members_that_come_after_a_refund_move_it(database: LedgerDatabase) -> None:
    """B-5: the refund of the bare payment is there, posted, before the members are named."""
    ready(database, membership_booking=MembershipBooking.PAYMENT_ONLY, amount=AmountMode.GROSS)
    database.link("pt-2")
    database.report(again(BARE, fee_minor=0, net_minor=29900), refunded(-29900, at=LATER + MINUTE))
    posted(database, 1, 2)
    database.report(again(NAMED, fee_minor=0, net_minor=29900))
    total = database.rows(
        "SELECT patient_ref, sum(amount_minor)::int FROM effects WHERE state <> 'VOIDED_BEFORE_POST' GROUP BY 1"
    )
    assert dict(total) == {"pt-1": 0, "pt-2": 0}


def test_members_that_come_after_a_correction_change_nothing(database: LedgerDatabase) -> None:
    """E-7: the later version stands; the first one's other report is only another report."""
    ready(database)
    database.report(BARE, again(corrected(20000, 600), kind=PaymentKind.MEMBERSHIP))
    before = entries(database)
    database.report(NAMED)
    assert database.verdicts()[-1] == "DUPLICATE"
    assert entries(database) == before
