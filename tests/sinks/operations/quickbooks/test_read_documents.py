"""Reconciling with what stands in QuickBooks now: what somebody edited or deleted there is named (P-23, QB-6)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from deploy.sandbox.running import CompanySandbox
from schemas.events import PayoutCategory
from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.actions.open_date import post_with_open_date
from sinks.operations.quickbooks import read_documents as reading
from sinks.operations.quickbooks.read_documents import ReadThere, read_documents
from sinks.operations.reconcile.bridge import Cause, Joint
from sinks.operations.reconcile.run import Reconciled, reconcile_practice
from sinks.operations.reconcile.totals import Span
from streams.runtime.errors import ConfigurationError, WritebackError
from tests import processes
from tests.processors.rules.event_examples import item, payout
from tests.sinks.operations.orders import order
from tests.sinks.operations.quickbooks.practices import PRACTICE, Practices
from tests.sinks.operations.quickbooks.test_map_accounts import map_
from tests.sinks.operations.quickbooks.test_undo import act, undo, until_states
from tests.sinks.poster.offices import SECRET_TEXT, Offices

pytestmark = pytest.mark.stack

FROM, TO = date(2026, 3, 1), date(2026, 3, 31)
REFUND = PayoutCategory.REFUND


def told(number: int, *items: Any) -> Any:
    return payout(*items, payout_id=f"po-{number}", event_id=f"ev-{number}", arrival_date=date(2026, 3, 4 + number))


@pytest.fixture
def written(practices: Practices, offices: Offices, company: CompanySandbox) -> CompanySandbox:
    """Two deposits, and a journal entry of a payout that took money from the bank."""
    map_(practices)
    offices.database.report(
        told(1, item(1, 10_000, 320, payment_id="pay-1")),
        told(2, item(2, 5_000, 175, payment_id="pay-2")),
        told(3, item(3, -3_000, 0, REFUND, refund_id="re-1", payment_id="pay-0")),
    )
    offices.poster()
    until_states(offices, "POSTED", "POSTED", "POSTED")
    offices.stop_posters()
    return company


def reconciled(practices: Practices, *, read: bool = True) -> Reconciled:
    def reader(practice: str, effects: Sequence[int]) -> Sequence[ReadThere]:
        return asyncio.run(read_documents(practices.ledger, practices.settings, practice, effects))

    return reconcile_practice(practices.ledger, PRACTICE, FROM, TO, Span.MONTH, reader if read else None)


def there(found: Reconciled) -> list[tuple[Cause, str, int]]:
    return [
        (each.cause, each.about, each.amount_minor)
        for each in found.practices[0].result.differences
        if each.joint is Joint.BANK_TO_QUICKBOOKS
    ]


def number_of(company: CompanySandbox, total: int) -> str:
    (found,) = [each.row["Id"] for each in company.deposits() if each.total_minor == total]
    return str(found)


def test_as_it_was_written_nothing_differs(practices: Practices, offices: Offices, written: CompanySandbox) -> None:
    found = reconciled(practices)
    assert (found.bank_minor, found.quickbooks_minor, there(found)) == (11_505, 11_505, [])
    assert (found.practices[0].read, found.practices[0].changed_there) == (3, ())


def test_what_was_edited_or_deleted_there_is_named_to_the_cent(
    practices: Practices, offices: Offices, written: CompanySandbox
) -> None:
    """An amount, a date, a deleted deposit, lines of a journal entry; without the read nothing of it is seen."""
    written.edit("deposits", number_of(written, 9_680), TotalAmt=96.81, TxnDate="2026-03-20")
    written.edit("deposits", number_of(written, 4_825))
    (entry,) = written.journal_entries()
    lines = [{**line, "Amount": "30.50"} for line in entry.row["Line"]]
    written.edit("journal_entries", entry.row["Id"], Line=lines)
    assert there(reconciled(practices, read=False)) == []
    found = reconciled(practices)
    assert there(found) == [
        (Cause.EDITED_THERE, "po-1", 1),
        (Cause.DELETED_THERE, "po-2", -4_825),
        (Cause.EDITED_THERE, "po-3", -50),
    ]
    assert (found.quickbooks_minor, found.explained) == (9_681 - 3_050, True)
    changed = {each.payout_id: each for each in found.practices[0].changed_there}
    assert (changed["po-1"].written_day, changed["po-1"].now_day) == (date(2026, 3, 5), date(2026, 3, 20))
    assert (changed["po-2"].deleted, changed["po-2"].now_minor) == (True, 0)
    assert (changed["po-3"].written_minor, changed["po-3"].now_minor) == (-3_000, -3_050)


def test_a_date_alone_and_amounts_that_are_none(
    practices: Practices, offices: Offices, written: CompanySandbox
) -> None:
    """A moved date changes no figure and is told; what cannot be read is told, and explains nothing away."""
    written.edit("deposits", number_of(written, 9_680), TxnDate="2026-04-01")
    written.edit("deposits", number_of(written, 4_825), TotalAmt="much")
    found = reconciled(practices)
    assert there(found) == []
    assert [(each.payout_id, each.now_minor) for each in found.practices[0].changed_there] == [
        ("po-1", 9_680),
        ("po-2", None),
    ]


def test_what_a_person_took_back_there_and_recorded_is_as_it_should_be(
    practices: Practices, offices: Offices, written: CompanySandbox
) -> None:
    """R-20: deleted there, its mirror recorded, written again: one document, one figure."""
    written.edit("deposits", number_of(written, 9_680))
    undo(practices)
    assert act(practices, EntryAction.RECORD, 4) == [None]
    assert act(practices, EntryAction.POST, 5) == [None]
    offices.poster()
    until_states(offices, "POSTED", "POSTED", "POSTED", "RECORDED_MANUALLY", "POSTED")
    found = reconciled(practices)
    assert (found.bank_minor, found.quickbooks_minor, there(found)) == (11_505, 11_505, [])
    assert found.practices[0].changed_there == ()


def test_what_was_undone_counts_once_whatever_its_mirrors_date(
    practices: Practices, offices: Offices, written: CompanySandbox
) -> None:
    """P-8, VER-6: the books of the day were closed, so the mirror carries today's date; the bank saw one payout."""
    written.close_books(date(2026, 3, 31))
    undo(practices)
    offices.poster()
    until_states(offices, "POSTED", "POSTED", "POSTED", "BLOCKED_PERIOD", "AWAITING_MANUAL_POST")
    before = reconciled(practices, read=False)
    assert (before.bank_minor, before.quickbooks_minor, before.explained) == (11_505, 11_505, True)
    post_with_open_date(practices.ledger, PRACTICE, [4], order())
    until_states(offices, "POSTED", "POSTED", "POSTED", "POSTED", "AWAITING_MANUAL_POST")
    found = reconciled(practices, read=False)
    assert there(found) == [(Cause.WAITING, "po-1", -9_680), (Cause.UNDONE, "po-1", 9_680)]
    assert (found.bank_minor, found.explained) == (11_505, True)
    (month,) = found.totals
    assert (month.payouts_minor, month.other_fees_minor) == (11_505, 0)


def test_a_run_is_bounded_and_says_why_it_cannot_read(
    practices: Practices, offices: Offices, written: CompanySandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match="name fewer days"):
        asyncio.run(read_documents(practices.ledger, practices.settings, PRACTICE, range(reading.MOST + 1)))
    monkeypatch.setattr(reading, "PAGE", 1)
    assert reconciled(practices).practices[0].read == 3
    written.revoke()
    with pytest.raises(WritebackError, match="cannot be read"):
        reconciled(practices)


def test_the_command(practices: Practices, offices: Offices, written: CompanySandbox) -> None:
    written.edit("deposits", number_of(written, 4_825))
    environ = practices.world.environ(secret_key=SECRET_TEXT)
    days = ("--from", FROM.isoformat(), "--to", TO.isoformat())
    done = processes.run(["reconcile", PRACTICE, *days, "--read"], environ)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 documents read in QuickBooks, 1 changed there" in done.stdout
    assert "changed in QuickBooks" in done.stdout
    document = json.loads(processes.run(["reconcile", PRACTICE, *days, "--read", "--json"], environ).stdout)
    (changed,) = document["practices"][0]["changed_there"]
    assert (changed["payout_id"], changed["deleted"], changed["written_minor"]) == ("po-2", True, 4_825)
    assert "DELETED_THERE" in {each["cause"] for each in document["causes"]}
