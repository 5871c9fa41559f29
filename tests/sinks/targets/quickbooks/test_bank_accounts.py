"""Bank accounts by their last digits, payouts without known items, loans, lines that cancel (P-24 to P-26)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from schemas.events import PayoutCategory
from schemas.vocabulary import DeadLetterReason, DecisionReason, State
from sinks.targets.mapping_error import MappingError
from sinks.targets.port import Composed, NotComposed, TargetEntry
from sinks.targets.quickbooks.company_cache import Account
from sinks.targets.quickbooks.connection_test import account_check
from sinks.targets.quickbooks.documents import compose_document
from sinks.targets.quickbooks.mapping import QuickBooksMapping
from tests.sinks.targets.quickbooks.payouts import (
    CLEARING,
    a_mapping,
    an_entry,
    an_item,
    composed,
    deposit_lines,
    journal_lines,
)

SAVINGS, LOAN = "36", "76"


def told(entry: TargetEntry, **changes: Any) -> TargetEntry:
    """The entry of a payout that says more."""
    return msgspec.structs.replace(entry, instruction=msgspec.structs.replace(entry.instruction, **changes))


def refused(entry: TargetEntry, mapping: QuickBooksMapping) -> NotComposed:
    found = compose_document(entry, mapping, None)
    assert isinstance(found, NotComposed)
    return found


def bank_of(entry: TargetEntry, mapping: QuickBooksMapping) -> str:
    _, body = composed(entry, mapping)
    account: str = body["DepositToAccountRef"]["value"]
    return account


@pytest.mark.parametrize(
    ("banks", "last4", "account"),
    [
        ({}, "2222", "35"),
        ({}, None, "35"),
        ({"1111": "35", "2222": SAVINGS}, "1111", "35"),
        ({"1111": "35", "2222": SAVINGS}, "2222", SAVINGS),
        ({"2222": SAVINGS}, None, "35"),
    ],
)
def test_p24_the_last_digits_choose_the_bank_account(banks: dict[str, str], last4: str | None, account: str) -> None:
    """P-24: while none is mapped the one account takes all; null goes to the default one."""
    assert bank_of(told(an_entry(an_item(1, 10000, 320)), bank_last4=last4), a_mapping(banks=banks)) == account


def test_p24_an_account_that_is_not_mapped_holds_the_payout() -> None:
    """P-24: once some are mapped; the field that is missing is named."""
    entry = told(an_entry(an_item(1, 10000, 320)), bank_last4="3333")
    found = refused(entry, a_mapping(banks={"1111": "35"}))
    assert (found.state, found.reason, found.field) == (
        State.INVALID_CONFIG,
        DeadLetterReason.BANK_NOT_MAPPED,
        "banks.3333",
    )


@pytest.mark.parametrize("banks", [{"111": "35"}, {"11111": "35"}, {"abcd": "35"}, {"1111": "81"}])
def test_p24_a_mapping_of_bank_accounts_is_checked(banks: dict[str, str]) -> None:
    """P-24: four digits, and no account of a line."""
    with pytest.raises(MappingError, match="banks"):
        a_mapping(banks=banks)


def test_p25_unknown_items_are_a_transfer_from_clearing() -> None:
    """P-25: what the day's collections filled; the bank line is the payout's net."""
    entry = told(an_entry(net=40000), items_known=False)
    _, body = composed(entry, a_mapping(booking="CLEARING", accounts={"clearing": CLEARING}))
    assert [(account, float(amount)) for account, amount, _ in deposit_lines(body)] == [(CLEARING, 400.0)]


def test_p25_without_a_clearing_account_a_person_decides() -> None:
    """P-25: which income it is nobody can say."""
    found = refused(told(an_entry(net=40000), items_known=False), a_mapping())
    assert (found.state, found.reason) == (State.INVALID_CONFIG, DeadLetterReason.ITEMS_UNKNOWN)


def test_p26_a_loan_is_a_liability_in_a_journal_entry() -> None:
    """P-26: whatever form the practice prefers."""
    loan = an_item(2, -12000, category=PayoutCategory.LOAN_REPAYMENT, kind=None)
    entry = an_entry(an_item(1, 100_000, 3000), loan)
    request, body = composed(entry, a_mapping(accounts={"loan": LOAN}))
    assert "/journalentry?" in request.path
    assert ("Debit", LOAN, 12000) in [(side, account, int(value * 100)) for side, account, value in journal_lines(body)]
    assert refused(entry, a_mapping()).field == "accounts.loan"


def test_p26_the_account_of_a_loan_is_a_liability() -> None:
    """P-26, QB-13: what `target test` says."""
    mapping = a_mapping(accounts={"loan": LOAN})
    for kind, right in (("Other Current Liability", True), ("Long Term Liability", True), ("Expense", False)):
        account = Account(account_id=LOAN, name="Loan", type=kind, currency=None)
        assert account_check("accounts.loan", LOAN, {LOAN: account}, mapping.form)[1] is right


@pytest.mark.parametrize("detail", ["PER_ITEM", "BY_KIND"])
def test_p26_lines_that_cancel_by_the_mapping_are_not_written(detail: str) -> None:
    """P-26: a reserve held and released goes through one account, whatever the detail."""
    held = an_item(1, -5000, category=PayoutCategory.RESERVE_HOLD, kind=None)
    released = an_item(2, 5000, category=PayoutCategory.RESERVE_RELEASE, kind=None)
    found = refused(an_entry(held, released), a_mapping(detail=detail))
    assert (found.state, found.reason) == (State.SKIPPED_ZERO, DecisionReason.ZERO_AMOUNT)
    charged = an_item(3, 5000)
    assert isinstance(compose_document(an_entry(held, charged), a_mapping(detail=detail), None), Composed)
