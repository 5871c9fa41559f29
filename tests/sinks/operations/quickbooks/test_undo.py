"""Taking back what was written for a payout at QuickBooks, and writing it again (P-7, P-8, R-20)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.sandbox.running import CompanySandbox
from schemas.vocabulary import State
from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.actions.entry_actions import act_on_entries
from sinks.operations.actions.open_date import post_with_open_date
from sinks.operations.quickbooks.undo import PayoutUndone, Standing, undo_payout
from streams.fault_injection import Control, install
from streams.runtime.errors import ConfigurationError, Permanent
from tests import processes
from tests.processors.rules.event_examples import item, payout
from tests.scenarios.waiting import until
from tests.sinks.operations.orders import order
from tests.sinks.operations.quickbooks.practices import PRACTICE, Practices
from tests.sinks.operations.quickbooks.test_map_accounts import map_
from tests.sinks.poster.offices import SECRET_TEXT, Offices

pytestmark = pytest.mark.stack

PAID = payout(item(1, 10_000, 320, payment_id="pay-1"), item(2, 5_000, 175, payment_id="pay-2"))


@pytest.fixture(autouse=True)
def _no_controls() -> Iterator[None]:
    yield
    install()


def undo(practices: Practices, payout_id: str = "po-1", *, apply: bool = True) -> PayoutUndone:
    asked = undo_payout(practices.ledger, practices.settings, PRACTICE, payout_id, order(apply=apply))
    return asyncio.run(asked)


def states(offices: Offices) -> list[tuple[str, str]]:
    return offices.database.rows("SELECT state, reason FROM effects WHERE target = 'QUICKBOOKS' ORDER BY effect_id")


def until_states(offices: Offices, *wanted: str) -> None:
    until(lambda: [state for state, _ in states(offices)] == list(wanted), f"{wanted}, are {states(offices)}")


def act(practices: Practices, action: EntryAction, *numbers: int) -> list[str | None]:
    done = act_on_entries(practices.ledger, action, PRACTICE, list(numbers), order())
    return [each.refusal for each in done.items]


@pytest.fixture
def written(practices: Practices, offices: Offices, company: CompanySandbox) -> CompanySandbox:
    """A company with one deposit, of the payout; a poster is at work."""
    map_(practices)
    offices.database.report(PAID)
    offices.poster()
    until_states(offices, "POSTED")
    return company


def sums(company: CompanySandbox) -> dict[str, int]:
    """What deposits and entries come to in each account, debits above 0; nothing where it is none."""
    found: dict[str, int] = {}
    for row in [each.row for each in company.deposits()]:
        bank, cents = row["DepositToAccountRef"]["value"], round(float(row["TotalAmt"]) * 100)
        found[bank] = found.get(bank, 0) + cents
        for line in row["Line"]:
            account = line["DepositLineDetail"]["AccountRef"]["value"]
            found[account] = found.get(account, 0) - round(float(line["Amount"]) * 100)
    for entry in company.journal_entries():
        for account in {each.account for each in entry.lines}:
            found[account] = found.get(account, 0) + entry.balance_of(account)
    return {account: cents for account, cents in found.items() if cents}


def test_a_document_is_taken_back_and_written_again(
    practices: Practices, offices: Offices, written: CompanySandbox
) -> None:
    """P-7, P-8: shown first; a mirror of the same day, every account at nothing; again only by a person; audited."""
    before = sums(written)
    shown = undo(practices, apply=False)
    assert [each.found for each in shown.documents] == [Standing.STANDS]
    assert states(offices) == [("POSTED", "AUTO_INSTANT")]
    done = undo(practices)
    assert [(each.entry_kind.value, each.amount_minor) for each in done.entries] == [
        ("payout_reversal", -14_505),
        ("payout", 14_505),
    ]
    until_states(offices, "POSTED", "POSTED", "AWAITING_MANUAL_POST")
    assert sums(written) == {}
    (mirror,) = written.journal_entries()
    (deposit,) = written.deposits()
    assert mirror.txn_date == deposit.row["TxnDate"]
    with pytest.raises(Permanent, match="taken back already"):
        undo(practices)
    assert act(practices, EntryAction.POST, 3) == [None]
    until_states(offices, "POSTED", "POSTED", "POSTED")
    assert sums(written) == before
    assert len({each.row["PrivateNote"] for each in written.deposits()}) == 2
    trail = practices.rows("SELECT action, subject, why FROM audit WHERE action = 'quickbooks.undo'")
    assert trail == [("quickbooks.undo", "po-1", "typed in on Monday")]


def edit(company: CompanySandbox, **fields: Any) -> None:
    (deposit,) = company.deposits()
    company.edit("deposits", deposit.row["Id"], **fields)


def test_what_was_edited_there_is_not_taken_back(
    practices: Practices, offices: Offices, written: CompanySandbox
) -> None:
    """R-20: another amount or date refuses, a memo does not; put right, it is taken back."""
    (deposit,) = written.deposits()
    edit(written, TotalAmt=145.06, PrivateNote="card sales")
    for apply in (False, True):
        with pytest.raises(Permanent, match=rf"deposit/{deposit.row['Id']} \(e:1\) was edited"):
            undo(practices, apply=apply)
    assert states(offices) == [("POSTED", "AUTO_INSTANT")]
    edit(written, TotalAmt=145.05)
    assert undo(practices).documents[0].found is Standing.STANDS


def test_control_r_20_without_the_look_the_mirror_is_written_blindly(
    practices: Practices, offices: Offices, written: CompanySandbox
) -> None:
    """R-20: the control, of both looks: the accounts do not come to nothing."""
    edit(written, TotalAmt=145.06)
    offices.stop_posters()
    offices.poster(test_controls=(Control.ORIGIN_READ,))
    undo(practices)
    until_states(offices, "POSTED", "POSTED", "AWAITING_MANUAL_POST")
    assert sums(written) == {written.account("Practice Checking"): 1}


def test_what_was_deleted_there_has_no_mirror(practices: Practices, offices: Offices, written: CompanySandbox) -> None:
    """R-20: the mirror is kept back; a person records it, and has the payout written again."""
    edit(written)
    assert undo(practices).documents[0].found is Standing.GONE
    until_states(offices, "POSTED", "AWAITING_REVIEW", "AWAITING_MANUAL_POST")
    assert states(offices)[1] == ("AWAITING_REVIEW", "ORIGINAL_GONE")
    (refusal,) = act(practices, EntryAction.POST, 3)
    assert "e:2, is AWAITING_REVIEW" in (refusal or "")
    assert act(practices, EntryAction.RECORD, 2) == [None]
    assert act(practices, EntryAction.POST, 3) == [None]
    until_states(offices, "POSTED", "RECORDED_MANUALLY", "POSTED")
    assert [each.total_minor for each in written.deposits()] == [14_505]
    assert written.journal_entries() == []


def test_books_that_were_closed_meanwhile(practices: Practices, offices: Offices, written: CompanySandbox) -> None:
    """T-9, P-11: mirror and payout are blocked, each by itself; a person has each carry the first open date."""
    written.close_books(PAID.arrival_date)
    undo(practices)
    until_states(offices, "POSTED", "BLOCKED_PERIOD", "AWAITING_MANUAL_POST")
    (done,) = post_with_open_date(practices.ledger, PRACTICE, [2], order())
    assert done.states == (State.SCHEDULED,)
    until_states(offices, "POSTED", "POSTED", "AWAITING_MANUAL_POST")
    assert act(practices, EntryAction.POST, 3) == [None]
    until_states(offices, "POSTED", "POSTED", "BLOCKED_PERIOD")
    post_with_open_date(practices.ledger, PRACTICE, [3], order())
    until_states(offices, "POSTED", "POSTED", "POSTED")
    days = [each.txn_date for each in written.journal_entries()] + [x.row["TxnDate"] for x in written.deposits()]
    assert sorted(day > PAID.arrival_date.isoformat() for day in days) == [False, True, True]


def test_the_command(practices: Practices, offices: Offices, written: CompanySandbox) -> None:
    environ = practices.world.environ(secret_key=SECRET_TEXT)
    shown = processes.run(["quickbooks", "undo", PRACTICE, "po-1"], environ)
    assert shown.returncode == 0, shown.stderr
    assert "stands as it was written" in shown.stdout
    assert "Nothing was changed" in shown.stdout
    apply = ["--yes", "--why", "the wrong account", "--by", "Ada"]
    done = processes.run(["quickbooks", "undo", PRACTICE, "po-1", *apply, "--json"], environ)
    assert done.returncode == 0, done.stderr
    assert [each["amount_minor"] for each in json.loads(done.stdout)["entries"]] == [-14_505, 14_505]
    again = processes.run(["quickbooks", "undo", PRACTICE, "po-1", *apply], environ)
    assert again.returncode == 1
    assert f"writeback entries post {PRACTICE} e:3" in again.stderr
    nowhere = processes.run(["quickbooks", "undo", PRACTICE, "po-nowhere"], environ)
    assert nowhere.returncode == 2
    assert "no such payout" in nowhere.stderr


def test_a_practice_without_quickbooks_is_told_so(practices: Practices) -> None:
    practices.add()
    with pytest.raises(ConfigurationError, match="practice add"):
        undo(practices)
