"""What intake makes of decided events: effects, identities, receipts, links, settings (laws 2, 6, 8, 9, 11, 15)."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from schemas.events import PaymentKind, Split
from schemas.practice_settings import AmountMode, MembershipBooking, TypeModes
from schemas.topics import TopicName
from schemas.vocabulary import DeadLetterReason, Stage
from sinks.ledger import conservation
from sinks.ledger.intake.records import DeadLettered
from streams.fault_injection import Control
from streams.kafka.dead_letters import DeadLetter
from tests.processors.rules.event_examples import NOON, PRACTICE, history, item, membership, payment, payout, version
from tests.sinks.ledger.ledger_fixture import Book, again


def test_a_payment_becomes_its_entries_in_the_order_of_commits(book: Book) -> None:
    """Net payment and companion, ids from the practice's counter, the companion behind its payment (laws 2, 8)."""
    book.add()
    book.link()
    book.report(
        payment(), payment(event_id="ev-2", payment_id="pay-2", gross_minor=5000, fee_minor=100, net_minor=4900)
    )
    assert book.rows("SELECT effect_id, entry_kind, amount_minor, state, depends_on FROM effects ORDER BY 1") == [
        (1, "payment", 9680, "SCHEDULED", None),
        (2, "fee_adjustment", 320, "SCHEDULED", 1),
        (3, "payment", 4900, "SCHEDULED", None),
        (4, "fee_adjustment", 100, "SCHEDULED", 3),
    ]
    assert book.one("SELECT seq FROM practices") == 4
    assert book.verdicts() == ["FIRST", "FIRST"]
    assert book.one("SELECT count(*) FROM events WHERE resolved_at IS NOT NULL AND settings_version = 1") == 2
    assert book.one("SELECT next_due_at FROM gates") == NOON
    assert book.position() == 2


def test_an_unlinked_patient_waits_and_the_link_releases(book: Book) -> None:
    """AWAITING_LINK until somebody links; due as it was, and the gate knows (L-6, law 8)."""
    book.add()
    book.report(payment())
    assert book.states() == ["AWAITING_LINK", "AWAITING_LINK"]
    assert book.rows("SELECT * FROM gates") == []
    assert book.link() == 2
    assert book.states() == ["SCHEDULED", "SCHEDULED"]
    assert book.one("SELECT next_due_at FROM gates") == NOON
    assert sum(book.sweeps.repair().values()) == 0


def test_manual_waits_for_the_link_first_then_for_its_person(book: Book) -> None:
    """The first unmet condition shows (PROTOCOL section 3)."""
    book.add(types=TypeModes(terminal="MANUAL"))  # type: ignore[arg-type]
    book.report(payment())
    assert book.states() == ["AWAITING_LINK"] * 2
    book.link()
    assert book.states() == ["AWAITING_MANUAL_POST"] * 2


def test_without_a_connection_it_is_skipped_with_its_reason(book: Book) -> None:
    """P-17: a payment always has an effect for the PMS, a payout one for QuickBooks."""
    book.add(connected=False)
    book.report(payment(), payout(item(1, 10000, 320)))
    found = book.rows("SELECT DISTINCT target, state, reason FROM effects ORDER BY 1")
    assert found == [("PMS", "SKIPPED_DISABLED", "NO_CONNECTION"), ("QUICKBOOKS", "SKIPPED_DISABLED", "NO_CONNECTION")]


def test_the_same_event_again_changes_nothing(book: Book) -> None:
    """E-2: acknowledged, no effect, a receipt of its own."""
    book.add()
    book.report(payment(), payment())
    book.report(payment())
    assert book.verdicts() == ["FIRST", "DUPLICATE", "DUPLICATE"]
    assert book.one("SELECT count(*) FROM effects") == 2


def test_the_same_money_under_another_event_is_one(book: Book) -> None:
    """E-1 vector: pay-1 10000/320 as ev-1 and ev-2 is one 9680 and one 320."""
    book.add()
    book.report(payment(), payment(event_id="ev-2"))
    assert book.verdicts() == ["FIRST", "DUPLICATE"]
    assert book.amounts() == [9680, 320]


def test_control_money_identity(book: Book) -> None:
    """Without the money identity the same money is posted twice."""
    book.add()
    book.connection.execute("DROP INDEX events_money")
    book.reopen(Control.MONEY_IDENTITY)
    book.report(payment(), payment(event_id="ev-2"))
    assert book.amounts() == [9680, 320, 9680, 320]


@pytest.mark.parametrize(
    "second",
    [
        payment(gross=20000),
        payment(event_id="ev-2", gross=20000),
        payment(splits=(Split(patient_ref="pt-1", amount_minor=10000),)),
        payment(event_id="ev-2", splits=(Split(patient_ref="pt-1", amount_minor=10000),)),
    ],
    ids=["same event", "same money", "same event, other splits", "same money, other splits"],
)
def test_other_content_under_a_known_identity_is_a_conflict(book: Book, second: object) -> None:
    """E-2, scenario 19: never overwritten; a dead letter of stage intake with the original bytes, once."""
    book.add()
    told = book.decide(second)  # type: ignore[arg-type]
    book.report(payment())
    book.store(told)
    book.store(told)
    assert sorted(book.verdicts()) == ["CONFLICT", "FIRST"]
    assert book.amounts() == [9680, 320]
    letters = book.rows("SELECT key, value, headers, part FROM outbox WHERE topic = %s", TopicName.DEAD_LETTERS.value)
    assert len(letters) == 1
    key, value, headers, part = letters[0]
    said = dict(headers)
    assert (bytes(key), bytes(value), part) == (told.original_key, told.original, 0)
    assert (said["dl-stage"], said["dl-reason"]) == ("intake", "CONFLICT")


def test_a_lower_version_is_ignored(book: Book) -> None:
    """E-7: OLD_VERSION leaves a receipt and nothing else; the higher one stands (P-8)."""
    book.add()
    first = payout(item(1, 10000, 320))
    book.report(again(first, version=2, event_id="ev-o2"))
    book.report(first)
    assert book.verdicts() == ["FIRST", "OLD_VERSION"]
    assert book.amounts() == [9680]


def test_membership_after_the_bare_payment_takes_its_place(book: Book) -> None:
    """B-5: nothing was sent and no members were named, so the membership supersedes; its entries are the only open."""
    book.add(membership_booking=MembershipBooking.PAYMENT_ONLY)
    book.link()
    bare = payment(gross=29900, fee=897, kind=PaymentKind.MEMBERSHIP)
    paid = membership(payment_id="pay-1")
    for event in (bare, paid):
        book.report(event)
    assert book.verdicts() == ["FIRST", "FIRST"]
    assert book.rows("SELECT event_id, state, sum(amount_minor)::int FROM effects GROUP BY 1, 2 ORDER BY 1") == [
        ("ev-1", "VOIDED_BEFORE_POST", 29900),
        ("ev-m1", "SCHEDULED", 29900),
    ]
    book.report(bare, paid)
    assert book.one("SELECT count(*) FROM effects") == 4


def test_membership_and_payment_in_one_batch_are_one_money(book: Book) -> None:
    """B-5 in one batch: the same end as one after the other."""
    book.add(membership_booking=MembershipBooking.PAYMENT_ONLY)
    book.link()
    book.report(payment(gross=29900, fee=897, kind=PaymentKind.MEMBERSHIP), membership(payment_id="pay-1"))
    assert book.one("SELECT sum(amount_minor) FROM effects WHERE state = 'SCHEDULED'") == 29900
    assert book.position() == 2


def test_a_payment_that_waited_for_settings_and_was_superseded_is_never_decided(book: Book) -> None:
    """B-5, law 10: told bare and with members while the practice was unknown, its money is posted once, not twice."""
    book.report(payment(gross=29900, fee=897, kind=PaymentKind.MEMBERSHIP))
    bare = book.decide(payment(gross=29900, fee=897, kind=PaymentKind.MEMBERSHIP))
    book.report(membership(payment_id="pay-1"))
    assert book.rows("SELECT event_id, waiting, superseded_by FROM events ORDER BY 1") == [
        ("ev-1", None, "ev-m1"),
        ("ev-m1", "AWAITING_SETTINGS", None),
    ]
    book.add(membership_booking=MembershipBooking.PAYMENT_ONLY)
    book.link()
    book.sweeps.request_redecisions()
    for request in book.redecisions():
        book.store(book.decide_again(request))
    book.store(bare, book.decide(payment(gross=29900, fee=897, kind=PaymentKind.MEMBERSHIP)))
    assert book.rows("SELECT event_id, state, sum(amount_minor)::int FROM effects GROUP BY 1, 2") == [
        ("ev-m1", "SCHEDULED", 29900)
    ]


@pytest.mark.parametrize("state", ["SENDING", "POSTED"])
def test_membership_after_the_bare_payment_was_sent_is_a_duplicate(book: Book, state: str) -> None:
    """B-5: what was sent, or may have been, stands."""
    book.add(membership_booking=MembershipBooking.PAYMENT_ONLY)
    book.link()
    book.report(payment(gross=29900, fee=897, kind=PaymentKind.MEMBERSHIP))
    book.connection.execute("UPDATE effects SET state = 'SENDING' WHERE effect_id = 1")
    if state == "POSTED":
        book.connection.execute("UPDATE effects SET state = 'POSTED' WHERE effect_id = 1")
    book.report(membership(payment_id="pay-1"))
    assert book.verdicts() == ["FIRST", "DUPLICATE"]
    assert book.one("SELECT count(*) FROM effects") == 2


def test_payment_after_the_membership_is_a_duplicate_and_other_money_a_conflict(book: Book) -> None:
    """B-5, the other order."""
    book.add()
    book.report(membership(payment_id="pay-1"))
    book.report(payment(gross=29900, fee=897, kind=PaymentKind.MEMBERSHIP))
    book.report(payment(event_id="ev-3", gross=29900, fee=898, kind=PaymentKind.MEMBERSHIP))
    assert book.verdicts() == ["FIRST", "DUPLICATE", "CONFLICT"]


def test_a_replay_decided_differently_changes_nothing(book: Book) -> None:
    """Law 2, scenario 20: stored GROSS, replayed NET. 'Replaying changes nothing' is the promise."""
    book.add(amount=AmountMode.GROSS)
    first = book.decide(payment())
    book.store(first)
    replayed = book.decide(payment(), history=history(version(amount=AmountMode.NET)))
    book.store(replayed)
    assert book.amounts() == [10000]


def test_control_resolve_once(book: Book) -> None:
    """Without 'resolved once' the replay adds a fee adjustment: 320 too much is credited."""
    book.add(amount=AmountMode.GROSS)
    book.report(payment())
    book.reopen(Control.RESOLVE_ONCE)
    book.store(book.decide(payment(), history=history(version(amount=AmountMode.NET))))
    assert sum(book.amounts()) == 10320


def test_a_replay_after_the_type_was_enabled_posts_nothing(book: Book) -> None:
    """E-9 d: turning a type on does not post old payments (SKIPPED → enabled)."""
    book.add(types=TypeModes(terminal="OFF"))  # type: ignore[arg-type]
    book.report(payment())
    book.store(book.decide(payment(), history=history(version())))
    assert book.states() == ["SKIPPED_DISABLED"] * 2


def test_an_unknown_practice_waits_and_is_decided_when_it_is_added(book: Book) -> None:
    """Law 10, scenario 66: AWAITING_SETTINGS in the ledger, never a held partition; the others go on."""
    book.add("other")
    book.report(payment(), payment(practice_id="other"))
    assert sorted(map(str, book.waiting())) == ["AWAITING_SETTINGS", "None"]
    assert book.redecisions() == []
    book.add()
    assert book.sweeps.request_redecisions() == 1
    (request,) = book.redecisions()
    assert request.least_version == 1
    book.store(book.decide_again(request))
    assert book.waiting() == [None, None]
    assert book.one("SELECT count(*) FROM effects") == 4
    assert book.sweeps.request_redecisions() == 0


def test_a_decision_under_another_version_waits_and_is_asked_for_again(book: Book) -> None:
    """Law 15, scenario 68: the truth at min(occurred_at, append time) decides; the request names the least version."""
    book.add()
    book.clock.instant = NOON - timedelta(hours=1)
    book.save(amount=AmountMode.GROSS)
    book.clock.instant = NOON
    book.store(book.decide(payment(), history=history(version())))
    assert book.waiting() == ["AWAITING_SETTINGS"]
    (request,) = book.redecisions()
    assert request.least_version == 2
    book.store(book.decide_again(request))
    assert book.waiting() == [None]
    assert book.amounts() == [10000]
    assert book.one("SELECT settings_version FROM events") == 2


def test_control_settings_check(book: Book) -> None:
    """Without the check a payment is booked under settings that were not in force."""
    book.add()
    book.clock.instant = NOON - timedelta(hours=1)
    book.save(amount=AmountMode.GROSS)
    book.clock.instant = NOON
    book.reopen(Control.SETTINGS_CHECK)
    book.store(book.decide(payment(), history=history(version())))
    assert book.amounts() == [9680, 320]


def test_a_request_is_repeated_with_doubling_until_the_version_matches(book: Book) -> None:
    """Law 15: 30 s, 60 s, 120 s … 15 min."""
    book.add()
    book.clock.instant = NOON - timedelta(hours=1)
    book.save(amount=AmountMode.GROSS)
    book.clock.instant = NOON
    book.store(book.decide(payment(), history=history(version())))
    waits = []
    for _ in range(7):
        due = book.one("SELECT redecide_at FROM events")
        waits.append(int((due - book.clock.instant).total_seconds()))
        book.clock.instant = due
        assert book.sweeps.request_redecisions() == 1
    assert waits == [30, 60, 120, 240, 480, 900, 900]


def test_an_old_answer_does_not_unpin_what_was_resolved(book: Book) -> None:
    """Law 15: a pin is final."""
    book.add()
    told = book.decide(payment())
    book.store(told)
    later = book.decide(payment(), history=history(version(amount=AmountMode.GROSS)))
    book.store(again(later, redecision=True))
    assert book.amounts() == [9680, 320]


def test_a_record_that_the_database_refuses_is_cut_out_of_its_batch(book: Book) -> None:
    """Law 9: NUL in an id; the others of the batch are stored, the one is a dead letter with a receipt."""
    book.add()
    good = [book.decide(payment(event_id=f"ev-{n}", payment_id=f"pay-{n}")) for n in range(7)]
    bad = again(good[3], identity=again(good[3].identity, event_id="ev-\x00"))
    book.store(*good[:3], bad, *good[4:])
    assert book.verdicts() == ["FIRST"] * 3 + ["DEAD_LETTER"] + ["FIRST"] * 3
    assert book.one("SELECT count(*) FROM events") == 6
    assert book.position() == 7
    (headers,) = book.rows("SELECT headers FROM outbox WHERE topic = %s", TopicName.DEAD_LETTERS.value)
    assert dict(headers[0])["dl-reason"] == "REFUSED_BY_LEDGER"


def test_a_dead_letter_that_the_database_refuses_stops_nobody(book: Book) -> None:
    """Law 9: a count that no column holds, in headers that are not ours; it is a dead letter of its own instead."""
    book.add()
    letter = DeadLetter(
        position=book.decide(payment()).position,
        consumer_group="rules",
        stage=Stage.RULES,
        reason=DeadLetterReason.INVALID_FIELD,
        practice_id=PRACTICE,
        first_failed_at=NOON,
        last_failed_at=NOON,
        attempts=10**12,
    )
    good = book.record(book.decide(payment()))
    bad = DeadLettered(again(good.at, topic=TopicName.DEAD_LETTERS, off=book.offset, value=b"bytes"), letter)
    book.offset += 1
    book.store_records([good, bad])
    assert book.verdicts() == ["FIRST"]
    assert book.position() == 2
    ((value, headers),) = book.rows("SELECT value, headers FROM outbox WHERE topic = %s", TopicName.DEAD_LETTERS.value)
    assert bytes(value) == b"bytes"
    assert dict(headers)["dl-stage"] == "intake"
    assert dict(headers)["dl-reason"] == "UNDECODABLE"


def test_control_bisect(book: Book) -> None:
    """Without halving the one bad record stops everybody."""
    book.add()
    book.reopen(Control.BISECT)
    good = book.decide(payment())
    bad = again(good, identity=again(good.identity, event_id="ev-\x00"))
    with pytest.raises(psycopg.DataError):
        book.store(good, bad)
    assert book.position() == 0


def test_control_receipts(book: Book) -> None:
    """Without receipts nobody could tell a stored record from a lost one: the detector names it."""
    book.add()
    book.reopen(Control.RECEIPTS)
    book.report(payment())
    assert len(conservation.violations(book.connection)) == 1
