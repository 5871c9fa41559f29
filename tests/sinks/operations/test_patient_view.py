"""One patient: what waits of all that is theirs, and the payments alone that people typed in for them (LINK-25)."""

from __future__ import annotations

from typing import Final

import pytest

from sinks.operations.queries.patient_view import PatientView, TypedIn, patient_view
from tests.processors.rules.event_examples import NOON, PRACTICE, changed, payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.linking.stored_people import KEYS
from tests.sinks.operations.entry_commands import MANUAL
from tests.sinks.operations.orders import ledger_of, order

pytestmark = pytest.mark.stack

TYPED_IN: Final = """
INSERT INTO mirror_entries
    (practice_id, external_id, kind, pms_patient_id, amount_minor, entry_date, made_on, ours, run, read_at)
SELECT practice_id, %s, %s, pms_patient_id, %s, %s, %s, %s, 1, now() FROM patient_links WHERE practice_id = %s
"""


def seen(database: LedgerDatabase, most: int) -> PatientView:
    ledger = ledger_of(database.connection, database.clock)
    return patient_view(ledger, KEYS, order().actor, PRACTICE, 1, after=None, most=most)


def test_what_waits_is_named_however_much_came_before_it(database: LedgerDatabase) -> None:
    """The page shows the oldest; the newest alone waits for a person."""
    database.add()
    database.link()
    database.report(payment(), changed(payment(), event_id="ev-2", payment_id="pay-2"))
    database.save(types=MANUAL)
    database.report(changed(payment(), event_id="ev-3", payment_id="pay-3"))
    found = seen(database, most=2)
    assert {each.subject for each in found.listing.transactions} == {"pay-1"}
    assert {each.subject for each in found.waiting.transactions} == {"pay-3"}
    assert not found.waiting.more


def test_typed_in_are_payments_of_people_alone(manual: LedgerDatabase) -> None:
    """Neither what somebody adjusted there, nor what Writeback wrote."""
    day = NOON.date()
    for number, kind, minor, ours in (
        ("payments/1", "payments", 2500, False),
        ("adjustments/2", "adjustments", -900, False),
        ("payments/3", "payments", 9680, True),
    ):
        manual.connection.execute(TYPED_IN, (number, kind, minor, day, day, ours, PRACTICE))
    assert seen(manual, most=10).typed_in == TypedIn(entries=1, amount_minor=2500)
