"""The list of exceptions: only what a person must do, by money and age, each with its command (POST-9, VER-3)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.vocabulary import State
from sinks.notices.problems import FEE_BY, ORIGINAL_BY
from sinks.operations.actions.hold_entries import assign_entries, hold_entries
from sinks.operations.actions.hold_rules import HoldAction
from sinks.operations.queries.explain import Story, explain
from sinks.operations.review.exceptions import EXPECTED, Exceptional, exceptions_of
from sinks.operations.words.deeds import Deed
from tests.processors.rules.event_examples import PRACTICE, changed, item, membership, payment, payout
from tests.processors.rules.linked_examples import refunded
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.payouts.settling import settle
from tests.sinks.ledger.payouts.test_two_payouts import two_payouts
from tests.sinks.ledger.posting_by_hand import post_what_is_due
from tests.sinks.operations.entry_commands import MANUAL
from tests.sinks.operations.orders import ledger_of, order

pytestmark = pytest.mark.stack


def listed(database: LedgerDatabase) -> tuple[Exceptional, ...]:
    return exceptions_of(ledger_of(database.connection, database.clock), PRACTICE).matters


def test_what_goes_on_by_itself_is_not_listed(database: LedgerDatabase) -> None:
    database.add()
    database.link()
    database.report(payment())
    assert listed(database) == ()
    post_what_is_due(database, PRACTICE)
    assert listed(database) == ()


def test_the_largest_money_comes_first_then_the_oldest(database: LedgerDatabase) -> None:
    """A fee goes with its payment, and its money too; the next action is a command with its id."""
    database.add(types=MANUAL)
    database.link()
    database.report(payment(), changed(payment(), event_id="ev-2", payment_id="pay-2"))
    database.clock.instant += timedelta(minutes=5)
    database.report(changed(payment(25_000, 800), event_id="ev-3", payment_id="pay-3"))
    found = listed(database)
    assert [(each.about, each.amount_minor) for each in found] == [
        ("pay-3", 25_000),
        (payment().payment_id, 10_000),
        ("pay-2", 10_000),
    ]
    assert found[0].next == f"writeback entries post {PRACTICE} {found[0].id}"
    assert found[0].others[0] == f"writeback entries record {PRACTICE} {found[0].id}"
    assert (found[0].parts, found[0].deeds[:2]) == (1, (Deed.POST, Deed.RECORD))
    assert all("ID" not in command.split() for each in found for command in (each.next, *each.others))


def test_what_is_paid_of_a_charge_is_not_added_to_it(database: LedgerDatabase) -> None:
    """Both wait for the link and go together: 299.00 is what it is about, once."""
    database.add()
    database.report(membership())
    (matter,) = listed(database)
    assert (matter.amount_minor, matter.parts > 0) == (29_900, True)


def test_what_failed_says_what_to_do(database: LedgerDatabase) -> None:
    database.add()
    database.link()
    database.report(payment())
    database.connection.execute("SET session_replication_role = replica")
    database.connection.execute("UPDATE work SET state = 'REJECTED', reason = 'PATIENT_NOT_FOUND' WHERE effect_id = 1")
    database.connection.execute("RESET session_replication_role")
    (matter,) = listed(database)
    assert (matter.id, matter.state) == ("e:1", "REJECTED")
    assert matter.to_do
    assert any(f"--id {matter.id}" in command for command in (matter.next, *matter.others))


def test_a_payment_without_its_fee_is_expected_first(database: LedgerDatabase) -> None:
    """N-5: for three days the fee may still come; after that somebody asks for it."""
    database.add()
    database.link()
    database.report(changed(payment(), fee_minor=None, net_minor=None, fees=()))
    waits = database.one("SELECT waiting FROM events WHERE waiting IS NOT NULL")
    assert waits == State.AWAITING_FEE
    assert listed(database) == ()
    assert EXPECTED[State.AWAITING_FEE] == FEE_BY, "the page and the letter speak of it at the same time"
    database.clock.instant += FEE_BY
    (matter,) = listed(database)
    assert (matter.amount_minor, matter.id[:2]) == (10_000, "v:")


def test_who_sees_to_it_and_who_holds_it(database: LedgerDatabase) -> None:
    """A held entry is a person's until it is released; the version says what was seen."""
    database.add()
    database.link()
    database.report(payment())
    ledger = ledger_of(database.connection, database.clock)
    hold_entries(ledger, HoldAction.HOLD, PRACTICE, [1], order())
    assign_entries(ledger, PRACTICE, [1], "Grace", order())
    (matter,) = listed(database)
    assert (matter.assigned_to, matter.held_by) == ("Grace", "Ada")
    seen = {1: matter.version or ""}
    assert hold_entries(ledger, HoldAction.RELEASE, PRACTICE, [1], order(), seen).refused == 0
    assert listed(database) == ()


def test_a_refund_is_in_the_practices_own_currency(database: LedgerDatabase) -> None:
    """What it gives back is known, though its event names no currency."""
    database.add()
    database.report(refunded(-2500))
    database.clock.instant += ORIGINAL_BY
    (matter,) = listed(database)
    assert (matter.amount_minor, matter.currency) == (2500, "USD")


def test_a_payout_that_is_held_is_one_matter_and_not_two(database: LedgerDatabase) -> None:
    """P-23: the held entry ends the difference; a difference of a payout that has no entry ends by itself."""
    two_payouts(database)
    held, *others = [each for each in listed(database) if "po-2" in (each.about, each.what.removeprefix("payout "))]
    assert (held.id[:2], others) == ("e:", [])
    assert Deed.POST in held.deeds
    database.connection.execute("SET session_replication_role = replica")
    database.connection.execute("UPDATE work SET reason = 'MANUAL' WHERE reason = 'IN_TWO_PAYOUTS'")
    database.connection.execute("RESET session_replication_role")
    (difference,) = (each for each in listed(database) if each.id.startswith("d:"))
    assert difference.deeds == (Deed.DISMISS_DIFFERENCE,)
    assert difference.next == f"writeback payouts dismiss {PRACTICE} {difference.id}"


def test_what_only_a_payout_knows_leads_to_the_payout(database: LedgerDatabase) -> None:
    """A payment that was never reported has no story."""
    database.add()
    database.report(payout(item(1, 7000, 230, payment_id="pay-nowhere"), payout_id="po-1"))
    settle(database)
    database.clock.instant += timedelta(days=7)
    settle(database)
    (matter,) = (each for each in listed(database) if each.id.startswith("d:"))
    assert (matter.about, matter.story) == ("pay-nowhere", "po-1")
    assert isinstance(explain(database.connection, matter.story, PRACTICE), Story)
