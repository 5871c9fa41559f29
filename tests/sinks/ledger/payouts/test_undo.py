"""A payout's document that a person took back: what takes its place, and what upstream says afterwards (P-7, P-8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from sinks.ledger.conservation import violations
from sinks.ledger.payouts.undo import undo_documents
from sinks.ledger.rows.effects import LedgerEntryRow
from sinks.ledger.unit_of_work import unit_of_work
from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.actions.entry_actions import act_on_entries
from streams.fault_injection import Control
from streams.runtime.errors import Permanent
from tests.processors.rules.event_examples import PRACTICE, item
from tests.processors.rules.linked_examples import payout_failed
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again
from tests.sinks.ledger.payouts.settling import ORDER, ledger_of
from tests.sinks.ledger.payouts.test_two_payouts import CHARGED, HOUR, MORNING, paid_out
from tests.sinks.ledger.posting_by_hand import post_what_is_due


def undo(database: LedgerDatabase, *expected: int) -> Sequence[LedgerEntryRow]:
    with unit_of_work(database.connection, PRACTICE, clock=database.clock, jitter_s=0) as unit:
        unit.lock_gates()
        return undo_documents(unit.cursor, PRACTICE, "po-1", expected, at=unit.at, jitter_s=0)


def written(database: LedgerDatabase) -> None:
    """The payout's document, e:1, stands."""
    database.add()
    database.report(paid_out("po-1", CHARGED))
    assert post_what_is_due(database, PRACTICE) == 1


def books(database: LedgerDatabase) -> list[tuple[Any, ...]]:
    return database.rows(
        "SELECT entry_kind, part, amount_minor, state, reason FROM effects WHERE target = 'QUICKBOOKS'"
        " ORDER BY effect_id"
    )


def accounted(database: LedgerDatabase) -> None:
    """I5, law 2: the money of the payout is somewhere, once."""
    assert violations(database.connection) == []


ORIGINAL = ("payout", "", 14_505, "POSTED", "AUTO_INSTANT")
MIRROR = ("payout_reversal", "payout/@1", -14_505, "SCHEDULED", "FOLLOWS_ORIGINAL")
WAITS = ("payout", "2", 14_505, "AWAITING_MANUAL_POST", "UNDONE")
STANDS = (*MIRROR[:3], "POSTED", MIRROR[4])


def test_p8_a_mirror_of_the_same_day_and_a_document_that_waits(database: LedgerDatabase) -> None:
    """P-7: never a delete; the day of the original; told again, the payout changes nothing."""
    written(database)
    made = undo(database, 1)
    assert books(database) == [ORIGINAL, MIRROR, WAITS]
    assert len({each.ledger_date for each in made} | {paid_out("po-1", CHARGED).arrival_date}) == 1
    assert [each.depends_on for each in made] == [1, None]
    post_what_is_due(database, PRACTICE)
    database.report(paid_out("po-1", CHARGED), again(paid_out("po-1", CHARGED), event_id="ev-po-1-told-twice"))
    for _ in range(3):
        database.clock.instant += timedelta(days=1)
        database.sweeps.run()
        post_what_is_due(database, PRACTICE)
    assert books(database) == [ORIGINAL, STANDS, WAITS]
    accounted(database)


def test_p8_a_person_has_it_written_again_and_taken_back_again(database: LedgerDatabase) -> None:
    """P-8: only once the mirror stands; then with names of its own, as often as somebody wants."""
    written(database)
    undo(database, 1)
    ledger = ledger_of(database)
    refused = act_on_entries(ledger, EntryAction.POST, PRACTICE, [3], ORDER).items[0].refusal
    assert "e:2, is SCHEDULED" in (refused or "")
    post_what_is_due(database, PRACTICE)
    assert act_on_entries(ledger, EntryAction.POST, PRACTICE, [3], ORDER).items[0].refusal is None
    post_what_is_due(database, PRACTICE)
    assert books(database)[2] == (*WAITS[:3], "POSTED", "BACKFILLED")
    undo(database, 3)
    assert [row[:2] for row in books(database)[3:]] == [("payout_reversal", "payout/2@1"), ("payout", "3")]
    assert database.one("SELECT count(DISTINCT request_id) FROM effects WHERE target = 'QUICKBOOKS'") == 5


def test_p8_a_later_version_waits_for_the_person_too(database: LedgerDatabase) -> None:
    """P-8: what a person took back is not written again by what upstream says later, whoever ended it meanwhile."""
    written(database)
    undo(database, 1)
    post_what_is_due(database, PRACTICE)
    act_on_entries(ledger_of(database), EntryAction.DISMISS, PRACTICE, [3], ORDER)
    database.report(paid_out("po-1", item(1, 15_000, 500, payment_id="pay-1"), version=2, hours=1))
    assert books(database)[-1] == ("payout", "", 14_500, "AWAITING_MANUAL_POST", "UNDONE")


def test_p8_a_later_version_takes_the_place_of_what_waits(database: LedgerDatabase) -> None:
    written(database)
    undo(database, 1)
    post_what_is_due(database, PRACTICE)
    database.report(paid_out("po-1", item(1, 15_000, 500, payment_id="pay-1"), version=2, hours=1))
    assert [row[3:] for row in books(database)[2:]] == [
        ("VOIDED_BEFORE_POST", "CORRECTED"),
        ("AWAITING_MANUAL_POST", "UNDONE"),
    ]


def test_control_p8_without_it_a_later_version_is_written_by_itself(database: LedgerDatabase) -> None:
    """P-8: the control."""
    database.reopen(Control.UNDONE_STAYS)
    written(database)
    undo(database, 1)
    post_what_is_due(database, PRACTICE)
    database.report(paid_out("po-1", item(1, 15_000, 500, payment_id="pay-1"), version=2, hours=1))
    assert books(database)[-1][3] == "SCHEDULED"


def test_p8_a_report_without_a_change_keeps_the_document_and_its_undoing(database: LedgerDatabase) -> None:
    """P-8: version 2 says the same, so the document is still of version 1's event."""
    written(database)
    database.report(paid_out("po-1", CHARGED, version=2, hours=1))
    assert books(database) == [ORIGINAL]
    undo(database, 1)
    post_what_is_due(database, PRACTICE)
    assert books(database) == [ORIGINAL, STANDS, WAITS]
    accounted(database)


def test_p21_a_failure_afterwards_takes_nothing_back_twice(database: LedgerDatabase) -> None:
    """P-21: the document stands no more, so only what waited in its place is withdrawn."""
    written(database)
    undo(database, 1)
    post_what_is_due(database, PRACTICE)
    database.report(payout_failed(at=MORNING + 2 * HOUR, payout_id="po-1"))
    assert books(database) == [ORIGINAL, STANDS, (*WAITS[:3], "VOIDED_BEFORE_POST", "VOIDED")]
    with pytest.raises(Permanent, match="nothing to take back"):
        undo(database)


def test_p8_what_does_not_stand_is_not_taken_back(database: LedgerDatabase) -> None:
    """Each refusal says what to do instead, and leaves everything as it is."""
    database.add()
    database.report(paid_out("po-1", CHARGED))
    with pytest.raises(Permanent, match=r"not written yet.*dismiss"):
        undo(database)
    post_what_is_due(database, PRACTICE)
    with pytest.raises(Permanent, match="changed meanwhile"):
        undo(database, 7)
    undo(database, 1)
    with pytest.raises(Permanent, match=f"taken back already.*post {PRACTICE} e:3"):
        undo(database)
    act_on_entries(ledger_of(database), EntryAction.RECORD, PRACTICE, [3], ORDER)
    with pytest.raises(Permanent, match="by hand"):
        undo(database)
    assert [row[3] for row in books(database)] == ["POSTED", "SCHEDULED", "RECORDED_MANUALLY"]
