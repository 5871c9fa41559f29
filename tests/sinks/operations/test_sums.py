"""What a listing adds up is what a review does: what a person entered counts where it was another amount (POST-10)."""

from __future__ import annotations

import pytest

from schemas.vocabulary import EntryKind, State
from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.actions.entry_actions import Entered, act_on_entries
from sinks.operations.queries.sums import Money, all_sums, sums_of
from sinks.operations.queries.transaction_filter import Wanted
from sinks.operations.queries.transactions import list_transactions
from tests.processors.rules.event_examples import PRACTICE
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.operations.orders import ledger_of, order

pytestmark = pytest.mark.stack


def test_a_listing_adds_what_a_person_entered_as_the_review_does(manual: LedgerDatabase) -> None:
    """96.80 and its fee of 3.20 were planned; 90.00 is what somebody entered for the payment."""
    ledger = ledger_of(manual.connection, manual.clock)
    act_on_entries(ledger, EntryAction.RECORD, PRACTICE, [1], order(), {1: Entered(9000)})
    wanted = Wanted(practice_id=PRACTICE)
    payments = [each for each in all_sums(manual.connection, wanted) if each.money is Money.PAYMENTS]
    listed = list_transactions(manual.connection, wanted).transactions
    (shown,) = sums_of(listed)
    assert (shown.state, shown.money, shown.entries) == (State.RECORDED_MANUALLY, Money.PAYMENTS, 2)
    assert shown.amount_minor == sum(each.amount_minor for each in payments)
    (of_the_payment,) = (each for each in listed if each.entry_kind == EntryKind.PAYMENT)
    assert (of_the_payment.amount_minor, of_the_payment.entered_minor) == (9680, 9000)
