"""A named person ends events that wait without entries; nothing of them posts later by itself (R-14, N-5, R-2, P-1)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from schemas.practice_settings import AmountMode, TypeMode
from schemas.vocabulary import Ruling
from sinks.ledger.conservation import violations
from sinks.operations.actions.backfill import BackfillDone, backfill
from sinks.operations.actions.event_actions import EventItem, act_on_events
from sinks.operations.queries.skipped import BackfillWanted
from sinks.operations.queries.waiting_events import waiting_events
from sinks.operations.words.explanations import reason_words
from streams.fault_injection import Control
from streams.runtime.errors import ConfigurationError
from tests.processors.rules.event_examples import NOON, PRACTICE, item, modes, payment, payout
from tests.processors.rules.linked_examples import fee_assessed, refund_failed, refunded, voided
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.linked_events import LATER, entries, posted, ready
from tests.sinks.operations.orders import ledger_of, order

pytestmark = pytest.mark.stack


def end(database: LedgerDatabase, ruling: Ruling, *, fee: int | None = None, apply: bool = True) -> EventItem:
    """What the only event that waits becomes."""
    (waiting,) = waiting_events(database.connection, PRACTICE, None, 10)
    who = order(apply=apply)
    (done,) = act_on_events(ledger_of(database.connection, database.clock), ruling, PRACTICE, [waiting.id], who, fee)
    assert [each for each in violations(database.connection) if "receipt" not in each] == []
    return done


def test_a_payment_without_its_fee_is_recorded_with_the_fee_that_is_typed(database: LedgerDatabase) -> None:
    """N-5, R-14: and the late fee changes nothing where it is the same, else it is a person's."""
    ready(database)
    database.report(payment(fee=None))
    assert "--fee" in (end(database, Ruling.RECORD).refusal or "")
    done = end(database, Ruling.RECORD, fee=320)
    assert [(each.entry_kind, each.amount_minor, each.state) for each in done.entries] == [
        ("payment", 9680, "RECORDED_MANUALLY"),
        ("fee_adjustment", 320, "RECORDED_MANUALLY"),
    ]
    assert [row[:4] for row in entries(database)] == [
        ("ev-1", "payment", 9680, "RECORDED_MANUALLY"),
        ("ev-1", "fee_adjustment", 320, "RECORDED_MANUALLY"),
    ]
    database.report(fee_assessed(320, at=LATER))
    assert len(entries(database)) == 2
    database.report(fee_assessed(350, 9650, 2, LATER))
    assert {row[3] for row in entries(database)[2:]} == {"AWAITING_MANUAL_POST"}


def test_a_preview_changes_nothing(database: LedgerDatabase) -> None:
    ready(database)
    database.report(payment(fee=None))
    assert end(database, Ruling.RECORD, fee=320, apply=False).entries
    assert entries(database) == []
    assert waiting_events(database.connection, PRACTICE, None, 10)


def test_what_would_become_of_it_is_what_was_seen_or_it_is_refused(database: LedgerDatabase) -> None:
    """E-15: another fee than the one that was looked at makes other entries."""
    ready(database)
    database.report(payment(fee=None))
    (waiting,) = waiting_events(database.connection, PRACTICE, None, 10)
    ledger = ledger_of(database.connection, database.clock)

    def record(fee: int, seen: dict[str, str], *, apply: bool = True) -> EventItem:
        (done,) = act_on_events(ledger, Ruling.RECORD, PRACTICE, [waiting.id], order(apply=apply), fee, seen)
        return done

    saw = {waiting.id: record(320, {}, apply=False).version}
    assert "changed since you looked" in (record(350, saw).refusal or "")
    assert entries(database) == [], "nothing of it was kept"
    assert waiting_events(database.connection, PRACTICE, None, 10)
    assert record(320, saw).version == saw[waiting.id]
    assert [row[2:4] for row in entries(database)] == [(9680, "RECORDED_MANUALLY"), (320, "RECORDED_MANUALLY")]


def test_control_without_a_version_the_word_is_carried_out(database: LedgerDatabase) -> None:
    ready(database)
    database.report(payment(fee=None))
    assert end(database, Ruling.RECORD, fee=350).refusal is None
    assert [row[2] for row in entries(database)] == [9650, 350]


def test_a_dismissed_payment_never_posts_and_its_late_fee_changes_nothing(database: LedgerDatabase) -> None:
    ready(database)
    database.report(payment(fee=None))
    done = end(database, Ruling.DISMISS)
    assert [(each.entry_kind, each.amount_minor, each.state) for each in done.entries] == [
        ("payment", 10000, "DISMISSED")
    ]
    database.report(fee_assessed(320, at=LATER))
    database.report(payout(item(1, 10000, 320), at=LATER))
    assert [row[3] for row in entries(database) if row[1] != "payout"] == ["DISMISSED"]
    database.report(refunded(-10000, at=LATER + timedelta(minutes=1)))
    assert entries(database)[-1][3] == "AWAITING_MANUAL_POST"


def test_control_without_it_a_late_fee_brings_something_to_what_a_person_ended(database: LedgerDatabase) -> None:
    """The control of R-14: beside the dismissed payment its late fee plans a difference."""
    ready(database)
    database.report(payment(fee=None))
    end(database, Ruling.DISMISS)
    database.reopen(Control.ENDED_STAYS)
    database.report(fee_assessed(320, at=LATER))
    assert [row[3] for row in entries(database) if row[1] != "payout"] != ["DISMISSED"]
    database.reopen()


def test_posted_as_reported_with_the_fee_that_is_typed(database: LedgerDatabase) -> None:
    ready(database)
    database.report(payment(fee=None))
    database.report(refunded(-4000, at=LATER))
    (first, _) = waiting_events(database.connection, PRACTICE, None, 10)
    act_on_events(ledger_of(database.connection, database.clock), Ruling.POST, PRACTICE, [first.id], order(), 320)
    assert [row[:4] for row in entries(database)] == [
        ("ev-1", "payment", 9680, "SCHEDULED"),
        ("ev-1", "fee_adjustment", 320, "SCHEDULED"),
        ("ev-r1", "refund", -4000, "SCHEDULED"),
    ]


@pytest.mark.parametrize(("ruling", "state"), [(Ruling.RECORD, "RECORDED_MANUALLY"), (Ruling.DISMISS, "DISMISSED")])
def test_a_refund_without_its_payment(database: LedgerDatabase, ruling: Ruling, state: str) -> None:
    """R-8, R-14: it ends; a payment that comes after all is a person's, and the refund never posts."""
    ready(database)
    database.report(refunded(-10000))
    assert "payment is not known" in (end(database, Ruling.POST).refusal or "")
    end(database, ruling)
    assert [row[1:4] for row in entries(database)] == [("refund", -10000, state)]
    database.report(payment(at=LATER))
    database.report(refund_failed(10000, at=LATER))
    assert [row[1:4] for row in entries(database)] == [("refund", -10000, state)]
    waits = waiting_events(database.connection, PRACTICE, None, 10)
    assert [each.state for each in waits] == ["AWAITING_REVIEW", "AWAITING_ORIGINAL"]
    assert "what took it back before it came" in reason_words(waits[0].reason)
    ledger = ledger_of(database.connection, database.clock)
    (done,) = act_on_events(ledger, Ruling.POST, PRACTICE, [waits[0].id], order())
    assert [(each.entry_kind, each.state) for each in done.entries] == [
        ("payment", "SCHEDULED"),
        ("fee_adjustment", "SCHEDULED"),
    ]


def test_more_than_was_paid_is_posted_when_a_person_says_so(database: LedgerDatabase) -> None:
    """R-2."""
    ready(database)
    database.report(payment())
    posted(database, 1, 2)
    database.report(refunded(-15000, at=LATER))
    done = end(database, Ruling.POST)
    assert [(each.entry_kind, each.amount_minor, each.state) for each in done.entries] == [
        ("refund", -15000, "SCHEDULED")
    ]


def test_more_than_was_paid_is_recorded_and_its_failure_is_a_persons(database: LedgerDatabase) -> None:
    """R-14: what was entered by hand is not taken back by itself."""
    ready(database)
    database.report(payment())
    posted(database, 1, 2)
    database.report(refunded(-15000, at=LATER))
    end(database, Ruling.RECORD)
    database.report(refund_failed(15000, at=LATER + timedelta(minutes=1)))
    assert [row[1:4] for row in entries(database)[2:]] == [
        ("refund", -15000, "RECORDED_MANUALLY"),
        ("refund", 15000, "AWAITING_MANUAL_POST"),
    ]


def test_a_dismissed_refund_counts_for_nothing(database: LedgerDatabase) -> None:
    """Its failure waits for a refund that is not there: it is never given again by itself."""
    ready(database)
    database.report(payment())
    posted(database, 1, 2)
    database.report(refunded(-15000, at=LATER))
    end(database, Ruling.DISMISS)
    database.report(refund_failed(15000, at=LATER + timedelta(minutes=1)))
    assert [row[1:4] for row in entries(database)[2:]] == [("refund", -15000, "DISMISSED")]
    assert [each.state for each in waiting_events(database.connection, PRACTICE, None, 10)] == ["AWAITING_ORIGINAL"]


@pytest.mark.parametrize("ruling", [Ruling.RECORD, Ruling.DISMISS])
def test_a_payout_that_does_not_add_up_ends(database: LedgerDatabase, ruling: Ruling) -> None:
    """P-1."""
    ready(database)
    database.report(payout(item(1, 10000, 320), net_minor=9000))
    done = end(database, ruling)
    assert [(each.entry_kind, each.amount_minor) for each in done.entries] == [("payout", 9000)]
    assert {row[3] for row in entries(database)} <= {"RECORDED_MANUALLY", "DISMISSED"}


def test_a_payout_posted_as_reported_has_a_line_for_what_its_items_do_not_explain(database: LedgerDatabase) -> None:
    """P-1, P-3: the bank line is right."""
    ready(database)
    database.report(payout(item(1, 10000, 320), net_minor=9000))
    end(database, Ruling.POST)
    ((amount, lines),) = database.rows("SELECT amount_minor, instruction -> 'lines' FROM effects")
    assert amount == 9000 == sum(line["gross_minor"] - line["fee_minor"] for line in lines)
    assert lines[-1]["category"] == "OTHER"


def test_the_preview_of_a_payout_shows_its_lines_and_names_what_is_not_explained(database: LedgerDatabase) -> None:
    """P-1: before anything is written, and the list says the bank's amount and not the items'."""
    ready(database)
    database.report(payout(item(1, 10000, 320), net_minor=1))
    (waiting,) = waiting_events(database.connection, PRACTICE, None, 10)
    assert waiting.amount_minor == 1
    previewed = end(database, Ruling.POST, apply=False)
    lines, rest = previewed.notes
    assert lines == (
        "its document: CHARGE 100.00 USD, fees -3.20 USD, not explained -96.79 USD; in all 0.01 USD on the bank account"
    )
    assert rest.startswith("its items come to 96.80 USD, and -96.79 USD that they do not explain is a line of its own")
    assert entries(database) == []
    assert end(database, Ruling.POST).notes == previewed.notes
    ((amount, written),) = database.rows("SELECT amount_minor, instruction -> 'lines' FROM effects")
    assert (amount, [line["gross_minor"] for line in written]) == (1, [10000, -9679])


def test_what_happened_before_the_settings_is_recorded(database: LedgerDatabase) -> None:
    """The letter says: enter them by hand."""
    ready(database)
    database.report(payment(at=NOON - timedelta(days=40)))
    assert "settings began" in (end(database, Ruling.POST).refusal or "")
    done = end(database, Ruling.RECORD)
    assert [(each.entry_kind, each.amount_minor, each.state) for each in done.entries] == [
        ("payment", 9680, "RECORDED_MANUALLY"),
        ("fee_adjustment", 320, "RECORDED_MANUALLY"),
    ]


def test_a_void_of_an_unknown_payment_is_dismissed_and_the_payment_posts(database: LedgerDatabase) -> None:
    ready(database)
    database.report(voided())
    assert "dismiss" in (end(database, Ruling.POST).refusal or "")
    assert end(database, Ruling.DISMISS).notes == ("it has no entries of its own",)
    database.report(payment(at=LATER))
    assert [row[3] for row in entries(database)] == ["SCHEDULED", "SCHEDULED"]


def test_ended_once(database: LedgerDatabase) -> None:
    ready(database, amount=AmountMode.NET)
    database.report(payment(fee=None))
    (waiting,) = waiting_events(database.connection, PRACTICE, None, 10)
    ledger = ledger_of(database.connection, database.clock)
    act_on_events(ledger, Ruling.DISMISS, PRACTICE, [waiting.id], order())
    (again,) = act_on_events(ledger, Ruling.RECORD, PRACTICE, [waiting.id], order(), 320)
    assert again.refusal == "is dismissed already"
    (unknown,) = act_on_events(ledger, Ruling.RECORD, PRACTICE, ["v:000000000000"], order())
    assert "entries list" in (unknown.refusal or "")
    ((actor, subject, amounts),) = database.rows(
        "SELECT actor, subject, after -> 'amounts' FROM audit WHERE action = 'entry.dismiss'"
    )
    assert (actor, subject, amounts) == ("Ada", waiting.id, {"e:1": [10000, "USD"]})


@pytest.mark.parametrize(("ruling", "state"), [(Ruling.RECORD, "RECORDED_MANUALLY"), (Ruling.DISMISS, "DISMISSED")])
@pytest.mark.parametrize("off", [{"master": False}, {"types": modes(terminal=TypeMode.OFF)}])
def test_what_a_person_ended_is_never_backfilled(
    database: LedgerDatabase, ruling: Ruling, state: str, off: dict[str, Any]
) -> None:
    """R-14, E-9 d: what happened before the settings is the person's, whatever the first settings switch off."""
    ready(database, **off)
    database.report(payment(at=NOON - timedelta(days=40)))
    done = end(database, ruling)
    assert {(each.entry_kind, each.state) for each in done.entries} == {("payment", state), ("fee_adjustment", state)}
    database.clock.instant = LATER
    database.save()
    everything = BackfillWanted(practice_id=PRACTICE, since=NOON - timedelta(days=90), until=LATER)
    ledger = ledger_of(database.connection, database.clock)
    assert backfill(ledger, everything, order()) == BackfillDone()
    assert {row[3] for row in entries(database)} == {state}


def test_a_recorded_payment_says_its_fee_also_where_its_type_is_off(database: LedgerDatabase) -> None:
    """N-5: what stands in the books is a net amount, whatever the settings say of later payments."""
    ready(database, types=modes(terminal=TypeMode.OFF))
    database.report(payment(at=NOON - timedelta(days=40), fee=None))
    assert "--fee" in (end(database, Ruling.RECORD).refusal or "")
    done = end(database, Ruling.RECORD, fee=320)
    assert [(each.amount_minor, each.state) for each in done.entries] == [
        (9680, "RECORDED_MANUALLY"),
        (320, "RECORDED_MANUALLY"),
    ]


def test_an_event_of_an_unknown_practice_is_dismissed_and_stays_so(database: LedgerDatabase) -> None:
    """Law 10: whoever waits has a way out. What comes of its money later finds it as if it had never come."""
    database.report(payment(), refunded(-4000, at=LATER))
    ledger = ledger_of(database.connection, database.clock)
    waits = [each.id for each in waiting_events(database.connection, PRACTICE, None, 10)]
    done = act_on_events(ledger, Ruling.DISMISS, PRACTICE, waits, order())
    assert [(each.refusal, each.notes) for each in done] == [(None, ("it has no entries of its own",))] * 2
    assert act_on_events(ledger, Ruling.DISMISS, PRACTICE, waits[:1], order())[0].refusal == "is dismissed already"
    ready(database)
    assert database.redecisions() == []
    database.report(refunded(-5000, number=2, at=LATER + timedelta(minutes=1)))
    assert entries(database) == []
    assert [each.state for each in waiting_events(database.connection, PRACTICE, None, 10)] == ["AWAITING_ORIGINAL"]
    assert [each for each in violations(database.connection) if "receipt" not in each] == []


def test_a_mistyped_practice_is_named(database: LedgerDatabase) -> None:
    database.add()
    ledger = ledger_of(database.connection, database.clock)
    with pytest.raises(ConfigurationError, match=f"there is no practice practise-1.*{PRACTICE}"):
        act_on_events(ledger, Ruling.DISMISS, "practise-1", ["v:000000000000"], order())
