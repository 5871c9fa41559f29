"""What would go to a record that may be somebody else's now is held until a person has looked (L-7, E-13)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from schemas.practice_settings import AmountMode
from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.actions.entry_actions import act_on_entries
from sinks.operations.actions.link_patient import link_patient
from sinks.operations.actions.verify_link import verify_link
from sinks.operations.queries.find_patients import SearchKeys
from streams.fault_injection import Control
from tests.scenarios.waiting import until
from tests.sinks.linking.people import Written
from tests.sinks.linking.stored_people import store_patients
from tests.sinks.operations.orders import ledger_of, order
from tests.sinks.poster.offices import SECRET_TEXT, Office, Offices

pytestmark = pytest.mark.stack
ANNA = Written("Anna", "Smith", date(1980, 4, 7), ("206-342-8891",))
MARRIED = replace(ANNA, family="Jones")
CORRECTED = replace(ANNA, born=date(1980, 7, 4))
BOB = Written("Bob", "Brown", date(1971, 2, 3))


def _keys(offices: Offices) -> SearchKeys:
    return SearchKeys.of(offices.world.settings(secret_key=SECRET_TEXT))


def _becomes(offices: Offices, office: Office, now: Written) -> None:
    """As a later read brings the record."""
    connection = offices.database.connection
    connection.execute("DELETE FROM mirror_patients WHERE practice_id = %s", (office.practice_id,))
    store_patients(connection, office.practice_id, [(str(office.patient("pt-1")), now)], keys=_keys(offices))


def _report(offices: Offices, now: Written) -> Office:
    """A linked patient whose record becomes another one, and then a payment."""
    office = offices.open(amount=AmountMode.GROSS)
    number = str(office.patient("pt-1"))
    _becomes(offices, office, ANNA)
    link_patient(
        ledger_of(offices.database.connection, offices.database.clock), office.practice_id, "pt-1", number, order()
    )
    _becomes(offices, office, now)
    offices.database.report(office.pay())
    return office


def test_another_name_and_another_birth_date_hold_it_until_the_link_is_verified(offices: Offices) -> None:
    """Posting it all the same holds it again; once somebody has seen that it is the same person, it goes out."""
    office = _report(offices, BOB)
    ledger = ledger_of(offices.database.connection, offices.database.clock)
    offices.poster()
    until(lambda: office.states()[0] == "AWAITING_REVIEW", "it is held", show=office.shown)
    assert office.column("reason")[0] == "PATIENT_RECORD_CHANGED"
    act_on_entries(ledger, EntryAction.POST, office.practice_id, [office.column("effect_id")[0]], order())
    until(lambda: office.states()[0] == "AWAITING_REVIEW", "it is held again", show=office.shown)
    assert office.payments() == []
    verify_link(ledger, _keys(offices), office.practice_id, "pt-1", order())
    act_on_entries(ledger, EntryAction.POST, office.practice_id, [office.column("effect_id")[0]], order())
    until(lambda: office.states()[0] == "POSTED", "it is posted", show=office.shown)
    assert len(office.payments()) == 1


@pytest.mark.parametrize("now", [MARRIED, CORRECTED, replace(ANNA, given="ANNA", phones=())])
def test_a_name_or_a_birth_date_alone_holds_nothing(offices: Offices, now: Written) -> None:
    office = _report(offices, now)
    offices.poster()
    until(lambda: office.states()[0] == "POSTED", "it is posted", show=office.shown)


def test_control_record_changed(offices: Offices) -> None:
    """Without the check it is posted to somebody else."""
    office = _report(offices, BOB)
    offices.poster(test_controls=Control.RECORD_CHANGED.value)
    until(lambda: office.states()[0] == "POSTED", "it is posted", show=office.shown)
