"""Entitlement is a gate: without it nothing of a practice goes out, and with it what waited goes on (SET-16)."""

from __future__ import annotations

import msgspec
import pytest

from schemas.practice_settings import AmountMode
from schemas.vocabulary import EntryKind, State, Target
from sinks.operations.actions.practices import entitle_practice
from sinks.poster import pre_send_checks
from sinks.poster.closed_periods import NotSent
from tests.processors.rules.event_examples import NOON, PRACTICE, item, payout
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.operations.orders import ledger_of, order
from tests.sinks.poster.call_examples import TIMES, planned_call, switches, target
from tests.sinks.poster.offices import Office, Offices
from tests.sinks.poster.test_safety_devices import PAID_ON, database, mark  # noqa: F401

pytestmark = pytest.mark.stack


def entitle(office: Office, *, withdraw: bool) -> None:
    opened = office.ledger.database
    entitle_practice(ledger_of(opened.connection, opened.clock), PRACTICE, order(), withdraw=withdraw)


@pytest.mark.parametrize("kind", [EntryKind.PAYMENT, EntryKind.NOTE, EntryKind.PAYOUT])
def test_nothing_is_sent_without_it(kind: EntryKind) -> None:
    """Payouts and notes too, which no switch of the ledger holds."""
    at = Target.QUICKBOOKS if kind is EntryKind.PAYOUT else Target.PMS
    call = planned_call(switches=switches(entitled=False), entry_kind=kind, target=at)
    assert pre_send_checks.check(call, (), target(), TIMES, NOON) == NotSent(State.PAUSED)


def test_the_mark_asks_again(database: LedgerDatabase) -> None:  # noqa: F811
    """Withdrawn between the check and the mark: nothing is marked."""
    entitle_practice(ledger_of(database.connection, database.clock), PRACTICE, order(), withdraw=True)
    assert mark(database.connection, 1) == []
    entitle_practice(ledger_of(database.connection, database.clock), PRACTICE, order())
    assert len(mark(database.connection, 1)) == 1


def test_withdrawn_nothing_goes_out_and_given_back_it_goes_on(offices: Offices) -> None:
    """The master stays on all the while."""
    office = offices.open(amount=AmountMode.GROSS)
    entitle(office, withdraw=True)
    offices.database.report(office.pay())
    offices.poster()
    office.until_states("PAUSED")
    assert offices.database.sweeps.repair()["pause"] == 0
    assert office.payments() == []
    entitle(office, withdraw=False)
    office.until_states("POSTED")


def test_control_without_the_gate_money_of_a_withdrawn_practice_goes_out(offices: Offices) -> None:
    """The control of SET-16: check and mark do not ask."""
    office = offices.open(amount=AmountMode.GROSS)
    entitle(office, withdraw=True)
    offices.database.report(office.pay())
    offices.poster(test_controls="entitlement")
    office.until_states("POSTED")


def test_a_payout_of_a_practice_that_nobody_entitled_waits(database: LedgerDatabase) -> None:  # noqa: F811
    """It was posted: payouts follow no switch of the ledger."""
    database.connection.execute("UPDATE practices SET entitled_at = NULL")
    database.report(payout(item(1, 10_000, 320)))
    ((number, state),) = database.rows("SELECT effect_id, state FROM effects WHERE target = 'QUICKBOOKS'")
    assert state == "SCHEDULED"
    database.connection.execute("UPDATE gates SET owner = 'me', epoch = 1, lease_until = now() + interval '1 hour'")
    entry = {"n": number, "generation": 1, "request_id": "r", "payload": b"{}", "digest": b"d", "ledger_date": PAID_ON}
    gate = {"p": PRACTICE, "c": "practice-1-QUICKBOOKS", "e": 1, "need_s": 3.0, "version": 1, "items": [entry]}
    gates = msgspec.json.encode([gate]).decode()
    assert mark(database.connection, gates=gates) == []
    entitle_practice(ledger_of(database.connection, database.clock), PRACTICE, order())
    assert len(mark(database.connection, gates=gates)) == 1
