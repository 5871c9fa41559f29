"""The frame of what people do: who and why, a preview that is the action itself undone, the trail (H-15)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from schemas.practice_settings import AmountMode, PracticeSettings
from sinks.operations.acting import Action, Actor, Order, authorise
from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.actions.entry_actions import act_on_entries
from sinks.operations.actions.link_patient import link_patient
from sinks.operations.actions.organisations import (
    add_organisation,
    join_organisation,
    leave_organisation,
    lock_values,
    set_values,
    unlock_values,
)
from sinks.operations.actions.practices import add_practice, entitle_practice
from sinks.operations.actions.settings import save_settings, withdraw_settings
from sinks.operations.ledger import Ledger
from sinks.operations.queries.open_entries import StateChange
from sinks.operations.roles import OF_THE_MACHINE
from streams.runtime.errors import ConfigurationError, Permanent
from tests.processors.rules.event_examples import PRACTICE, payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.linked_events import LATER
from tests.sinks.operations.orders import ledger_of, order

pytestmark = pytest.mark.stack
SHOWN = order(reason="", apply=False)


def gross(newest: PracticeSettings | None) -> PracticeSettings:
    assert newest is not None
    return msgspec.structs.replace(newest, amount=AmountMode.GROSS)


Act = Callable[[Ledger, Order], Any]
ACTS: dict[str, Act] = {
    "entry.dismiss": lambda on, by: act_on_entries(on, EntryAction.DISMISS, PRACTICE, [1], by),
    "patient.link": lambda on, by: link_patient(on, PRACTICE, "pt-9", "12", by),
    "settings.save": lambda on, by: save_settings(on, PRACTICE, gross, by),
    "practice.add": lambda on, by: add_practice(on, "another", PracticeSettings(zone="UTC"), by),
    "practice.entitle": lambda on, by: entitle_practice(on, PRACTICE, by),
    "practice.withdraw": lambda on, by: entitle_practice(on, PRACTICE, by, withdraw=True),
    "organisation.add": lambda on, by: add_organisation(on, "smile", None, by),
    "organisation.set": lambda on, by: set_values(on, "group", ["amount=GROSS"], (), by),
    "organisation.lock": lambda on, by: lock_values(on, "group", ["notes"], by),
    "organisation.join": lambda on, by: join_organisation(on, "group", PRACTICE, (), by),
}


@pytest.fixture
def manual(manual: LedgerDatabase) -> LedgerDatabase:
    """With a group that has a value for notes, and no practice yet."""
    ledger = ledger_of(manual.connection, manual.clock)
    add_organisation(ledger, "group", None, order())
    set_values(ledger, "group", ["notes=true"], (), order())
    manual.clock.instant = LATER
    return manual


def everything(database: LedgerDatabase) -> dict[str, Any]:
    """What the ledger holds, but for counters that a rolled-back transaction uses up."""
    tables = ("practices", "settings", "effects", "audit", "outbox", "patient_links", "organisation_settings", "gates")
    return {table: database.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables}


@pytest.mark.parametrize("name", ACTS)
def test_a_preview_changes_nothing_and_its_order_leaves_one_entry(manual: LedgerDatabase, name: str) -> None:
    """The preview answers as the action does; the trail has who and why of the action, nothing of the preview."""
    ledger, act = ledger_of(manual.connection, manual.clock), ACTS[name]
    before = everything(manual)
    shown = act(ledger, SHOWN)
    assert everything(manual) == before
    done = act(ledger, order("Ada", "it has to be"))
    assert type(done) is type(shown)
    trail = manual.rows("SELECT action, actor, why FROM audit ORDER BY at, n")[len(before["audit"]) :]
    assert (name, "Ada", "it has to be") in trail
    assert {(actor, why) for _, actor, why in trail} <= {("Ada", "it has to be"), ("Ada", "added")}


def test_what_belongs_to_a_group_leaves_it_by_an_order(manual: LedgerDatabase) -> None:
    ledger = ledger_of(manual.connection, manual.clock)
    join_organisation(ledger, "group", PRACTICE, (), order())
    assert leave_organisation(ledger, PRACTICE, SHOWN).called == "group"
    assert manual.one("SELECT organisation_id FROM practices") == "group"
    lock_values(ledger, "group", ["notes"], order())
    unlock_values(ledger, "group", ["notes"], order())
    leave_organisation(ledger, PRACTICE, order())
    assert manual.one("SELECT organisation_id FROM practices") is None


def test_a_preview_says_what_it_would_set_going(manual: LedgerDatabase) -> None:
    """A link releases entries; a switch pauses and resumes them."""
    ledger = ledger_of(manual.connection, manual.clock)
    manual.report(payment(event_id="ev-2", payment_id="pay-2", patient_ref="pt-2"))
    manual.connection.execute("UPDATE effects SET state = 'AWAITING_LINK', holds = '{}' WHERE patient_ref = 'pt-2'")
    shown = link_patient(ledger, PRACTICE, "pt-2", "12", SHOWN)
    assert shown.released == 2
    assert StateChange(state="AWAITING_LINK", before=2, after=0) in shown.moves
    assert StateChange(state="SCHEDULED", before=0, after=2) in shown.moves
    assert manual.states()[2:] == ["AWAITING_LINK"] * 2
    assert link_patient(ledger, PRACTICE, "pt-2", "12", order()) == shown
    assert save_settings(ledger, PRACTICE, lambda s: msgspec.structs.replace(gross(s), master=False), order()).stops
    act_on_entries(ledger, EntryAction.POST, PRACTICE, [1], order())
    assert manual.states()[:2] == ["PAUSED"] * 2
    manual.clock.instant += timedelta(hours=1)
    on = save_settings(
        ledger, PRACTICE, lambda s: msgspec.structs.replace(gross(s), master=True), SHOWN, without_golive="a test"
    )
    assert StateChange(state="PAUSED", before=2, after=0) in on.moves
    assert manual.states()[:2] == ["PAUSED"] * 2


def test_what_is_refused_is_refused_in_the_preview_too(manual: LedgerDatabase) -> None:
    ledger = ledger_of(manual.connection, manual.clock)
    for by in (SHOWN, order()):
        with pytest.raises(ConfigurationError, match="has begun"):
            withdraw_settings(ledger, PRACTICE, by)
        with pytest.raises(ConfigurationError, match="did you mean practice-1"):
            link_patient(ledger, "practise-1", "pt-9", "12", by)


def test_an_order_needs_a_name_and_a_reason_and_keeps_no_card_number() -> None:
    """H-15, C-1."""
    for by, words in ((order(reason=" "), "--why TEXT"), (order(name=" "), "--by NAME")):
        with pytest.raises(ConfigurationError, match=words):
            authorise(by, Action.BACKFILL)
    authorise(order(reason="", apply=False), Action.BACKFILL)
    with pytest.raises(ConfigurationError, match="card number"):
        order(reason="paid with 4242 4242 4242 4242")
    with pytest.raises(ConfigurationError, match="printable"):
        order(name="Ada\x1b[2J")


def test_who_may_do_it_is_asked_before_anything_else(manual: LedgerDatabase) -> None:
    """The machine's operator may do everything; who was granted nothing is refused by name, also in a preview."""
    for action in Action:
        authorise(order(), action)
    ledger, before = ledger_of(manual.connection, manual.clock), everything(manual)
    for by in (SHOWN, order()):
        nobody = msgspec.structs.replace(by, actor=Actor("Ada", ()))
        for act in ACTS.values():
            with pytest.raises(Permanent, match="Ada may not do this"):
                act(ledger, nobody)
    assert everything(manual) == before
    assert Actor("Ada").grants == OF_THE_MACHINE
