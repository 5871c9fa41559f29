"""Payouts against what was reported: another fee or gross, refunds and charges that only the payout knows (P-23)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from schemas.events import PayoutCategory
from schemas.practice_settings import AmountMode
from schemas.validation.events import Invalid, validate
from schemas.vocabulary import Ruling
from sinks.operations.actions.event_actions import act_on_events
from sinks.operations.actions.payout_differences import accept_difference, dismiss_difference
from sinks.operations.queries.waiting_events import waiting_events
from streams.runtime.errors import Permanent
from tests.processors.rules.event_examples import PRACTICE, item, payment
from tests.processors.rules.kind_examples import claim, line, remitted
from tests.processors.rules.linked_examples import corrected, fee_assessed, payout_failed, refunded
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.payouts.settling import HOUR, MORNING, ORDER, differences, ledger_of, paid_out, settle
from tests.sinks.ledger.posting_by_hand import post_what_is_due

REFUND = item(1, -10000, 0, PayoutCategory.REFUND, payment_id="pay-1", refund_id="ref-1")


def posted(database: LedgerDatabase, **settings: Any) -> None:
    """A payment of 100.00 with a fee of 3.20, in the books."""
    database.add(**settings)
    database.link()
    database.report(payment(10000, 320, at=MORNING))
    post_what_is_due(database, PRACTICE)


def told(database: LedgerDatabase, *events: Any) -> None:
    database.report(*events)
    settle(database)


def cash(database: LedgerDatabase) -> tuple[int, int]:
    """What payments and refunds of the PMS come to, and their fee adjustments: all that stands or is to stand."""
    rows = database.rows(
        "SELECT entry_kind, part, amount_minor FROM effects WHERE target = 'PMS' AND NOT is_withdrawn(state)"
    )
    fees = [minor for kind, part, minor in rows if "fee_adjustment" in (kind, part.partition("/")[0])]
    return sum(minor for _, _, minor in rows) - sum(fees), sum(fees)


def accept(database: LedgerDatabase, number: int = 1) -> None:
    accept_difference(ledger_of(database), PRACTICE, number, ORDER)
    settle(database)


def test_p23_another_fee_and_another_gross_are_told_and_change_nothing(database: LedgerDatabase) -> None:
    """P-23: with both amounts; once, whatever is compared again."""
    posted(database)
    database.report(payment(5000, 175, at=MORNING, payment_id="pay-2", event_id="ev-2"))
    before = cash(database)
    told(
        database,
        paid_out("po-1", item(1, 10000, 390, payment_id="pay-1"), item(2, 4500, 175, payment_id="pay-2"), hours=1),
    )
    assert differences(database) == [
        ("FEE_DIFFERS", "pay-1", 320, 390, None),
        ("GROSS_DIFFERS", "pay-2", 5000, 4500, None),
    ]
    assert cash(database) == before
    assert database.one("SELECT state FROM effects WHERE entry_kind = 'payout'") == "SCHEDULED"
    database.connection.execute("UPDATE standing_items SET compared = false")
    settle(database)
    assert len(differences(database)) == 2


def test_p23_a_refund_and_a_charge_that_only_the_payout_knows(database: LedgerDatabase) -> None:
    """P-23: with their ids and cents."""
    posted(database)
    unknown = item(2, 20000, 610, payment_id="pay-never-told")
    told(database, paid_out("po-2", REFUND, unknown, hours=1))
    assert sorted(differences(database)) == [
        ("CHARGE_UNKNOWN", "pay-never-told", None, 20000, None),
        ("REFUND_UNKNOWN", "ref-1", None, -10000, None),
    ]


def test_p23_what_is_reported_afterwards_ends_it(database: LedgerDatabase) -> None:
    """P-23: payouts never wait for payments, and the payment is compared when it comes."""
    posted(database)
    unknown = item(2, 20000, 610, payment_id="pay-2")
    told(database, paid_out("po-2", REFUND, unknown, hours=1))
    told(database, refunded(at=MORNING), payment(20000, 600, at=MORNING, payment_id="pay-2", event_id="ev-2"))
    assert sorted(differences(database)) == [
        ("CHARGE_UNKNOWN", "pay-2", None, 20000, "UPSTREAM"),
        ("FEE_DIFFERS", "pay-2", 600, 610, None),
        ("REFUND_UNKNOWN", "ref-1", None, -10000, "UPSTREAM"),
    ]


def test_p23_a_correction_from_upstream_ends_it(database: LedgerDatabase) -> None:
    """P-23: of the payment, or of the payout."""
    posted(database)
    told(database, paid_out("po-1", item(1, 9000, 290, payment_id="pay-1"), hours=1))
    assert [row[0] for row in differences(database)] == ["GROSS_DIFFERS", "FEE_DIFFERS"]
    told(database, corrected(9000, 290, at=MORNING + 2 * HOUR))
    assert {row[-1] for row in differences(database)} == {"UPSTREAM"}


def test_p23_a_payout_that_fails_says_nothing_more(database: LedgerDatabase) -> None:
    posted(database)
    told(database, paid_out("po-1", item(1, 10000, 390, payment_id="pay-1"), hours=1))
    told(database, payout_failed(at=MORNING + 2 * HOUR))
    assert [row[-1] for row in differences(database)] == ["UPSTREAM"]


def test_p23_a_fee_that_the_payment_does_not_know_is_the_payouts_to_say(database: LedgerDatabase) -> None:
    """N-5."""
    database.add()
    database.link()
    told(database, payment(10000, None, at=MORNING), paid_out("po-1", item(1, 10000, 390, payment_id="pay-1"), hours=1))
    assert differences(database) == []
    assert cash(database) == (9610, 390)


def test_n6_one_fee_for_the_batch_is_no_difference(database: LedgerDatabase) -> None:
    """N-6, P-23: the items say no fee; the practice is told once that net shows gross."""
    posted(database)
    fee = item(3, 0, 470, PayoutCategory.PROCESSING_FEE)
    database.report(payment(5000, None, at=MORNING, payment_id="pay-2", event_id="ev-2"))
    told(
        database,
        paid_out("po-1", item(1, 10000, 0, payment_id="pay-1"), item(2, 5000, 0, payment_id="pay-2"), fee, hours=1),
    )
    assert differences(database) == []
    assert database.rows("SELECT kind, subject FROM payout_news") == [("FEE_FOR_THE_BATCH", "")]
    assert cash(database) == (9680 + 5000, 320)


def test_p23_the_bank_is_right_about_a_fee(database: LedgerDatabase) -> None:
    """P-23, R-15: the balance stays, the cash is the bank's; an internal event of its own kind says so."""
    posted(database)
    told(database, paid_out("po-1", item(1, 10000, 390, payment_id="pay-1"), hours=1))
    accept(database)
    assert differences(database) == [("FEE_DIFFERS", "pay-1", 320, 390, "BANK_IS_RIGHT")]
    assert cash(database) == (9610, 390)
    assert database.rows("SELECT source, kind, version, concerns FROM events WHERE source = 'writeback'") == [
        ("writeback", "bank_fee", 1, "pay-1")
    ]
    assert database.one("SELECT count(*) FROM audit WHERE action = 'payout_difference.accept'") == 1


def test_p23_upstreams_fee_supersedes_the_banks(database: LedgerDatabase) -> None:
    """P-23: its first assessment, under its own first version."""
    posted(database)
    told(database, paid_out("po-1", item(1, 10000, 390, payment_id="pay-1"), hours=1))
    accept(database)
    told(database, fee_assessed(400, 9600, at=database.clock.instant))
    assert cash(database) == (9600, 400)
    assert differences(database)[-1] == ("FEE_DIFFERS", "pay-1", 400, 390, None)


def test_p23_the_bank_is_right_about_the_gross(database: LedgerDatabase) -> None:
    """P-23: and upstream's next version supersedes it, under its own number."""
    posted(database)
    told(database, paid_out("po-1", item(1, 9000, 320, payment_id="pay-1"), hours=1))
    accept(database)
    assert cash(database) == (8680, 320)
    assert [row[-1] for row in differences(database)] == ["BANK_IS_RIGHT"]
    post_what_is_due(database, PRACTICE)
    told(database, corrected(9500, 300, at=database.clock.instant))
    assert cash(database) == (9200, 300)
    assert database.one("SELECT waiting FROM events WHERE version = 2 AND kind = 'payment'") is None


def test_p23_the_bank_is_right_about_a_refund(database: LedgerDatabase) -> None:
    """P-23, R-4: booked as the refund that it is; upstream's report of it changes nothing, or the difference."""
    posted(database)
    told(database, paid_out("po-2", REFUND, hours=1))
    accept(database)
    assert cash(database) == (-320, 320)
    told(database, refunded(at=MORNING))
    assert cash(database) == (-320, 320)
    assert {row[-1] for row in differences(database)} == {"BANK_IS_RIGHT"}


def test_p23_another_refund_from_upstream_supersedes_the_banks(database: LedgerDatabase) -> None:
    """P-23, R-2: 40.00 and not 100.00; what is left can be refunded, and no more."""
    posted(database)
    told(database, paid_out("po-2", REFUND, hours=1))
    accept(database)
    told(database, refunded(-4000, at=MORNING))
    assert sum(cash(database)) == 6000
    told(database, refunded(-6000, number=2, at=MORNING), refunded(-1, number=3, at=MORNING))
    assert sum(cash(database)) == 0
    assert database.one("SELECT waiting FROM events WHERE subject = 'ref-3'") == "AWAITING_REVIEW"


def test_p23_a_dismissed_difference_is_told_no_more(database: LedgerDatabase) -> None:
    """P-23: unless the amounts are others."""
    posted(database)
    told(database, paid_out("po-1", item(1, 10000, 390, payment_id="pay-1"), hours=1))
    dismiss_difference(ledger_of(database), PRACTICE, 1, ORDER)
    database.connection.execute("UPDATE standing_items SET compared = false")
    settle(database)
    assert differences(database) == [("FEE_DIFFERS", "pay-1", 320, 390, "DISMISSED")]
    with pytest.raises(Permanent, match="ended already"):
        dismiss_difference(ledger_of(database), PRACTICE, 1, ORDER)
    told(database, paid_out("po-1", item(1, 10000, 395, payment_id="pay-1"), version=2, hours=2))
    assert differences(database)[-1] == ("FEE_DIFFERS", "pay-1", 320, 395, None)


def test_p23_the_bank_is_not_enough_to_book_everything(database: LedgerDatabase) -> None:
    """P-23: no patient is named, or which claim differs is not known; the refusal names the command that ends it."""
    database.add()
    database.link()
    database.report(remitted(claim(line(9000)), at=MORNING))
    unknown = item(2, 20000, 610, payment_id="pay-2")
    told(database, paid_out("po-1", item(1, 8000, 0, payment_id="pay-1"), unknown, hours=1))
    found = {row[0]: number for number, row in enumerate(differences(database), start=1)}
    assert found.keys() == {"GROSS_DIFFERS", "CHARGE_UNKNOWN"}
    for kind, words in (("GROSS_DIFFERS", "claim"), ("CHARGE_UNKNOWN", "payment provider")):
        named = rf"{words}.*`writeback payouts dismiss {PRACTICE} d:{found[kind]}`"
        with pytest.raises(Permanent, match=named):
            accept(database, found[kind])
        dismiss_difference(ledger_of(database), PRACTICE, found[kind], ORDER)
    assert {row[-1] for row in differences(database)} == {"DISMISSED"}


@pytest.mark.parametrize("difference", [-1, 1, -9000])
def test_i_2_no_remittance_balances_in_another_gross(difference: int) -> None:
    """I-2, P-23: why the bank is never right about one. With the bank's gross and the insurer's own claims and
    adjustments it is an event that nobody may send; which of those is another, the payout does not say."""
    told = remitted(claim(line(9000)), claim(line(4000), ref="clm-2", patient="pt-2"), plb=(600,))
    validate(told)
    gross = told.gross_minor + difference
    with pytest.raises(Invalid, match="UNBALANCED"):
        validate(msgspec.structs.replace(told, gross_minor=gross, fee_minor=0, net_minor=gross))


def test_p23_a_preview_books_nothing(database: LedgerDatabase) -> None:
    posted(database)
    told(database, paid_out("po-1", item(1, 10000, 390, payment_id="pay-1"), hours=1))
    done = accept_difference(ledger_of(database), PRACTICE, 1, type(ORDER)(actor=ORDER.actor))
    assert sorted(each.amount_minor for each in done.entries) == [-70, 70]
    assert cash(database) == (9680, 320)
    assert differences(database)[0][-1] is None


@pytest.mark.parametrize("mode", list(AmountMode))
def test_p23_a_replay_after_the_bank_was_right_changes_nothing(database: LedgerDatabase, mode: AmountMode) -> None:
    """Law 2."""
    posted(database, amount=mode)
    out = paid_out("po-1", item(1, 10000, 390, payment_id="pay-1"), hours=1)
    told(database, out)
    accept(database)
    before = cash(database), differences(database)
    told(database, payment(10000, 320, at=MORNING), out)
    database.clock.instant += timedelta(hours=1)
    settle(database)
    assert (cash(database), differences(database)) == before


@pytest.mark.parametrize("ruling", [Ruling.POST, Ruling.RECORD])
def test_p23_a_fee_that_a_person_typed_is_compared(database: LedgerDatabase, ruling: Ruling) -> None:
    """N-5, P-23: the payment was booked with it, so a payout with another one is told, once; the bank can be right."""
    database.add()
    database.link()
    database.report(payment(10000, None, at=MORNING))
    (waiting,) = waiting_events(database.connection, PRACTICE, None, 10)
    act_on_events(ledger_of(database), ruling, PRACTICE, [waiting.id], ORDER, 320)
    post_what_is_due(database, PRACTICE)
    told(database, paid_out("po-1", item(1, 10000, 420, payment_id="pay-1"), hours=1))
    assert differences(database) == [("FEE_DIFFERS", "pay-1", 320, 420, None)]
    assert cash(database) == (9680, 320)
    database.connection.execute("UPDATE standing_items SET compared = false")
    settle(database)
    assert len(differences(database)) == 1
    accept(database)
    assert differences(database) == [("FEE_DIFFERS", "pay-1", 320, 420, "BANK_IS_RIGHT")]
    assert cash(database) == (9580, 420)


def test_p23_a_fee_of_the_first_report_is_compared_with_the_next(database: LedgerDatabase) -> None:
    """N-5, P-8: the first report of the payout gave the fee; reported anew it has another one, and entries stay."""
    database.add()
    database.link()
    database.report(payment(10000, None, at=MORNING))
    told(database, paid_out("po-1", item(1, 10000, 320, payment_id="pay-1"), hours=1))
    post_what_is_due(database, PRACTICE)
    assert (differences(database), cash(database)) == ([], (9680, 320))
    told(database, paid_out("po-1", item(1, 10000, 420, payment_id="pay-1"), version=2, hours=2))
    assert differences(database) == [("FEE_DIFFERS", "pay-1", 320, 420, None)]


def test_p23_a_fee_that_the_payout_takes_by_itself_is_no_difference(database: LedgerDatabase) -> None:
    """N-5: an item of its own that names the payment costs what the payment was booked with."""
    database.add()
    database.link()
    database.report(payment(10000, None, at=MORNING))
    fee = item(2, -320, 0, PayoutCategory.PROCESSING_FEE, payment_id="pay-1")
    told(database, paid_out("po-1", item(1, 10000, 0, payment_id="pay-1"), fee, hours=1))
    assert (differences(database), cash(database)) == ([], (9680, 320))
