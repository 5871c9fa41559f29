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
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again


def test_a_payment_becomes_its_entries_in_the_order_of_commits(database: LedgerDatabase) -> None:
    """Net payment and companion, ids from the practice's counter, the companion behind its payment (laws 2, 8)."""
    database.add()
    database.link()
    database.report(
        payment(), payment(event_id="ev-2", payment_id="pay-2", gross_minor=5000, fee_minor=100, net_minor=4900)
    )
    assert database.rows("SELECT effect_id, entry_kind, amount_minor, state, depends_on FROM effects ORDER BY 1") == [
        (1, "payment", 9680, "SCHEDULED", None),
        (2, "fee_adjustment", 320, "SCHEDULED", 1),
        (3, "payment", 4900, "SCHEDULED", None),
        (4, "fee_adjustment", 100, "SCHEDULED", 3),
    ]
    assert database.one("SELECT seq FROM practices") == 4
    assert database.verdicts() == ["FIRST", "FIRST"]
    assert database.one("SELECT count(*) FROM events WHERE resolved_at IS NOT NULL AND settings_version = 1") == 2
    assert database.one("SELECT next_due_at FROM gates") == NOON
    assert database.position() == 2


def test_an_unlinked_patient_waits_and_the_link_releases(database: LedgerDatabase) -> None:
    """AWAITING_LINK until somebody links; due as it was, and the gate knows (L-6, law 8)."""
    database.add()
    database.report(payment())
    assert database.states() == ["AWAITING_LINK", "AWAITING_LINK"]
    assert database.rows("SELECT * FROM gates") == []
    assert database.link() == 2
    assert database.states() == ["SCHEDULED", "SCHEDULED"]
    assert database.one("SELECT next_due_at FROM gates") == NOON
    assert sum(database.sweeps.repair().values()) == 0


def test_manual_waits_for_the_link_first_then_for_its_person(database: LedgerDatabase) -> None:
    """The first unmet condition shows (PROTOCOL section 3)."""
    database.add(types=TypeModes(terminal="MANUAL"))  # type: ignore[arg-type]
    database.report(payment())
    assert database.states() == ["AWAITING_LINK"] * 2
    database.link()
    assert database.states() == ["AWAITING_MANUAL_POST"] * 2


def test_without_a_connection_it_is_skipped_with_its_reason(database: LedgerDatabase) -> None:
    """P-17: a payment always has an effect for the PMS, a payout one for QuickBooks."""
    database.add(connected=False)
    database.report(payment(), payout(item(1, 10000, 320)))
    found = database.rows("SELECT DISTINCT target, state, reason FROM effects ORDER BY 1")
    assert found == [("PMS", "SKIPPED_DISABLED", "NO_CONNECTION"), ("QUICKBOOKS", "SKIPPED_DISABLED", "NO_CONNECTION")]


def test_the_same_event_again_changes_nothing(database: LedgerDatabase) -> None:
    """E-2: acknowledged, no effect, a receipt of its own."""
    database.add()
    database.report(payment(), payment())
    database.report(payment())
    assert database.verdicts() == ["FIRST", "DUPLICATE", "DUPLICATE"]
    assert database.one("SELECT count(*) FROM effects") == 2


def test_the_same_money_under_another_event_is_one(database: LedgerDatabase) -> None:
    """E-1 vector: pay-1 10000/320 as ev-1 and ev-2 is one 9680 and one 320."""
    database.add()
    database.report(payment(), payment(event_id="ev-2"))
    assert database.verdicts() == ["FIRST", "DUPLICATE"]
    assert database.amounts() == [9680, 320]


def test_control_money_identity(database: LedgerDatabase) -> None:
    """Without the money identity the same money is posted twice."""
    database.add()
    database.connection.execute("DROP INDEX events_money")
    database.reopen(Control.MONEY_IDENTITY)
    database.report(payment(), payment(event_id="ev-2"))
    assert database.amounts() == [9680, 320, 9680, 320]


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
def test_other_content_under_a_known_identity_is_a_conflict(database: LedgerDatabase, second: object) -> None:
    """E-2, scenario 19: never overwritten; a dead letter of stage intake with the original bytes, once."""
    database.add()
    told = database.decide(second)  # type: ignore[arg-type]
    database.report(payment())
    database.store(told)
    database.store(told)
    assert sorted(database.verdicts()) == ["CONFLICT", "FIRST"]
    assert database.amounts() == [9680, 320]
    letters = database.rows(
        "SELECT key, value, headers, part FROM outbox WHERE topic = %s", TopicName.DEAD_LETTERS.value
    )
    assert len(letters) == 1
    key, value, headers, part = letters[0]
    said = dict(headers)
    assert (bytes(key), bytes(value), part) == (told.original_key, told.original, 0)
    assert (said["dl-stage"], said["dl-reason"]) == ("intake", "CONFLICT")


def test_a_lower_version_is_ignored(database: LedgerDatabase) -> None:
    """E-7: OLD_VERSION leaves a receipt and nothing else; the higher one stands (P-8)."""
    database.add()
    first = payout(item(1, 10000, 320))
    database.report(again(first, version=2, event_id="ev-o2"))
    database.report(first)
    assert database.verdicts() == ["FIRST", "OLD_VERSION"]
    assert database.amounts() == [9680]


def test_membership_after_the_bare_payment_takes_its_place(database: LedgerDatabase) -> None:
    """B-5: nothing was sent and no members were named, so the membership supersedes; its entries are the only open."""
    database.add(membership_booking=MembershipBooking.PAYMENT_ONLY)
    database.link()
    bare = payment(gross=29900, fee=897, kind=PaymentKind.MEMBERSHIP)
    paid = membership(payment_id="pay-1")
    for event in (bare, paid):
        database.report(event)
    assert database.verdicts() == ["FIRST", "FIRST"]
    assert database.rows("SELECT event_id, state, sum(amount_minor)::int FROM effects GROUP BY 1, 2 ORDER BY 1") == [
        ("ev-1", "VOIDED_BEFORE_POST", 29900),
        ("ev-m1", "SCHEDULED", 29900),
    ]
    database.report(bare, paid)
    assert database.one("SELECT count(*) FROM effects") == 4


def test_membership_and_payment_in_one_batch_are_one_money(database: LedgerDatabase) -> None:
    """B-5 in one batch: the same end as one after the other."""
    database.add(membership_booking=MembershipBooking.PAYMENT_ONLY)
    database.link()
    database.report(payment(gross=29900, fee=897, kind=PaymentKind.MEMBERSHIP), membership(payment_id="pay-1"))
    assert database.one("SELECT sum(amount_minor) FROM effects WHERE state = 'SCHEDULED'") == 29900
    assert database.position() == 2


def test_a_payment_that_waited_for_settings_and_was_superseded_is_never_decided(database: LedgerDatabase) -> None:
    """B-5, law 10: told bare and with members while the practice was unknown, its money is posted once, not twice."""
    database.report(payment(gross=29900, fee=897, kind=PaymentKind.MEMBERSHIP))
    bare = database.decide(payment(gross=29900, fee=897, kind=PaymentKind.MEMBERSHIP))
    database.report(membership(payment_id="pay-1"))
    assert database.rows("SELECT event_id, waiting, superseded_by FROM events ORDER BY 1") == [
        ("ev-1", None, "ev-m1"),
        ("ev-m1", "AWAITING_SETTINGS", None),
    ]
    database.add(membership_booking=MembershipBooking.PAYMENT_ONLY)
    database.link()
    database.sweeps.request_redecisions()
    for request in database.redecisions():
        database.store(database.decide_again(request))
    database.store(bare, database.decide(payment(gross=29900, fee=897, kind=PaymentKind.MEMBERSHIP)))
    assert database.rows("SELECT event_id, state, sum(amount_minor)::int FROM effects GROUP BY 1, 2") == [
        ("ev-m1", "SCHEDULED", 29900)
    ]


@pytest.mark.parametrize("state", ["SENDING", "POSTED"])
def test_membership_after_the_bare_payment_was_sent_is_a_duplicate(database: LedgerDatabase, state: str) -> None:
    """B-5: what was sent, or may have been, stands."""
    database.add(membership_booking=MembershipBooking.PAYMENT_ONLY)
    database.link()
    database.report(payment(gross=29900, fee=897, kind=PaymentKind.MEMBERSHIP))
    database.connection.execute("UPDATE effects SET state = 'SENDING' WHERE effect_id = 1")
    if state == "POSTED":
        database.connection.execute("UPDATE effects SET state = 'POSTED' WHERE effect_id = 1")
    database.report(membership(payment_id="pay-1"))
    assert database.verdicts() == ["FIRST", "DUPLICATE"]
    assert database.one("SELECT count(*) FROM effects") == 2


def test_payment_after_the_membership_is_a_duplicate_and_other_money_a_conflict(database: LedgerDatabase) -> None:
    """B-5, the other order."""
    database.add()
    database.report(membership(payment_id="pay-1"))
    database.report(payment(gross=29900, fee=897, kind=PaymentKind.MEMBERSHIP))
    database.report(payment(event_id="ev-3", gross=29900, fee=898, kind=PaymentKind.MEMBERSHIP))
    assert database.verdicts() == ["FIRST", "DUPLICATE", "CONFLICT"]


def test_a_replay_decided_differently_changes_nothing(database: LedgerDatabase) -> None:
    """Law 2, scenario 20: stored GROSS, replayed NET. 'Replaying changes nothing' is the promise."""
    database.add(amount=AmountMode.GROSS)
    first = database.decide(payment())
    database.store(first)
    replayed = database.decide(payment(), history=history(version(amount=AmountMode.NET)))
    database.store(replayed)
    assert database.amounts() == [10000]


def test_control_resolve_once(database: LedgerDatabase) -> None:
    """Without 'resolved once' the replay adds a fee adjustment: 320 too much is credited."""
    database.add(amount=AmountMode.GROSS)
    database.report(payment())
    database.reopen(Control.RESOLVE_ONCE)
    database.store(database.decide(payment(), history=history(version(amount=AmountMode.NET))))
    assert sum(database.amounts()) == 10320


def test_a_replay_after_the_type_was_enabled_posts_nothing(database: LedgerDatabase) -> None:
    """E-9 d: turning a type on does not post old payments (SKIPPED → enabled)."""
    database.add(types=TypeModes(terminal="OFF"))  # type: ignore[arg-type]
    database.report(payment())
    database.store(database.decide(payment(), history=history(version())))
    assert database.states() == ["SKIPPED_DISABLED"] * 2


def test_an_unknown_practice_waits_and_is_decided_when_it_is_added(database: LedgerDatabase) -> None:
    """Law 10, scenario 66: AWAITING_SETTINGS in the ledger, never a held partition; the others go on."""
    database.add("other")
    database.report(payment(), payment(practice_id="other"))
    assert sorted(map(str, database.waiting())) == ["AWAITING_SETTINGS", "None"]
    assert database.redecisions() == []
    database.add()
    assert database.sweeps.request_redecisions() == 1
    (request,) = database.redecisions()
    assert request.least_version == 1
    database.store(database.decide_again(request))
    assert database.waiting() == [None, None]
    assert database.one("SELECT count(*) FROM effects") == 4
    assert database.sweeps.request_redecisions() == 0


def test_a_decision_under_another_version_waits_and_is_asked_for_again(database: LedgerDatabase) -> None:
    """Law 15, scenario 68: the truth at min(occurred_at, append time) decides; the request names the least version."""
    database.add()
    database.clock.instant = NOON - timedelta(hours=1)
    database.save(amount=AmountMode.GROSS)
    database.clock.instant = NOON
    database.store(database.decide(payment(), history=history(version())))
    assert database.waiting() == ["AWAITING_SETTINGS"]
    (request,) = database.redecisions()
    assert request.least_version == 2
    database.store(database.decide_again(request))
    assert database.waiting() == [None]
    assert database.amounts() == [10000]
    assert database.one("SELECT settings_version FROM events") == 2


def test_control_settings_check(database: LedgerDatabase) -> None:
    """Without the check a payment is booked under settings that were not in force."""
    database.add()
    database.clock.instant = NOON - timedelta(hours=1)
    database.save(amount=AmountMode.GROSS)
    database.clock.instant = NOON
    database.reopen(Control.SETTINGS_CHECK)
    database.store(database.decide(payment(), history=history(version())))
    assert database.amounts() == [9680, 320]


def test_a_request_is_repeated_with_doubling_until_the_version_matches(database: LedgerDatabase) -> None:
    """Law 15: 30 s, 60 s, 120 s … 15 min."""
    database.add()
    database.clock.instant = NOON - timedelta(hours=1)
    database.save(amount=AmountMode.GROSS)
    database.clock.instant = NOON
    database.store(database.decide(payment(), history=history(version())))
    waits = []
    for _ in range(7):
        due = database.one("SELECT redecide_at FROM events")
        waits.append(int((due - database.clock.instant).total_seconds()))
        database.clock.instant = due
        assert database.sweeps.request_redecisions() == 1
    assert waits == [30, 60, 120, 240, 480, 900, 900]


def test_an_old_answer_does_not_unpin_what_was_resolved(database: LedgerDatabase) -> None:
    """Law 15: a pin is final."""
    database.add()
    told = database.decide(payment())
    database.store(told)
    later = database.decide(payment(), history=history(version(amount=AmountMode.GROSS)))
    database.store(again(later, redecision=True))
    assert database.amounts() == [9680, 320]


def test_a_record_that_the_database_refuses_is_cut_out_of_its_batch(database: LedgerDatabase) -> None:
    """Law 9: NUL in an id; the others of the batch are stored, the one is a dead letter with a receipt."""
    database.add()
    good = [database.decide(payment(event_id=f"ev-{n}", payment_id=f"pay-{n}")) for n in range(7)]
    bad = again(good[3], identity=again(good[3].identity, event_id="ev-\x00"))
    database.store(*good[:3], bad, *good[4:])
    assert database.verdicts() == ["FIRST"] * 3 + ["DEAD_LETTER"] + ["FIRST"] * 3
    assert database.one("SELECT count(*) FROM events") == 6
    assert database.position() == 7
    (headers,) = database.rows("SELECT headers FROM outbox WHERE topic = %s", TopicName.DEAD_LETTERS.value)
    assert dict(headers[0])["dl-reason"] == "REFUSED_BY_LEDGER"


def test_a_dead_letter_that_the_database_refuses_stops_nobody(database: LedgerDatabase) -> None:
    """Law 9: a count that no column holds, in headers that are not ours; it is a dead letter of its own instead."""
    database.add()
    letter = DeadLetter(
        position=database.decide(payment()).position,
        consumer_group="rules",
        stage=Stage.RULES,
        reason=DeadLetterReason.INVALID_FIELD,
        practice_id=PRACTICE,
        first_failed_at=NOON,
        last_failed_at=NOON,
        attempts=10**12,
    )
    good = database.record(database.decide(payment()))
    bad = DeadLettered(again(good.at, topic=TopicName.DEAD_LETTERS, off=database.offset, value=b"bytes"), letter)
    database.offset += 1
    database.store_records([good, bad])
    assert database.verdicts() == ["FIRST"]
    assert database.position() == 2
    ((value, headers),) = database.rows(
        "SELECT value, headers FROM outbox WHERE topic = %s", TopicName.DEAD_LETTERS.value
    )
    assert bytes(value) == b"bytes"
    assert dict(headers)["dl-stage"] == "intake"
    assert dict(headers)["dl-reason"] == "UNDECODABLE"


def test_control_bisect(database: LedgerDatabase) -> None:
    """Without halving the one bad record stops everybody."""
    database.add()
    database.reopen(Control.BISECT)
    good = database.decide(payment())
    bad = again(good, identity=again(good.identity, event_id="ev-\x00"))
    with pytest.raises(psycopg.DataError):
        database.store(good, bad)
    assert database.position() == 0


def test_control_receipts(database: LedgerDatabase) -> None:
    """Without receipts nobody could tell a stored record from a lost one: the detector names it."""
    database.add()
    database.reopen(Control.RECEIPTS)
    database.report(payment())
    assert len(conservation.violations(database.connection)) == 1
