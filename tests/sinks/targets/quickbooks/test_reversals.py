"""A payout's document taken back: P-7, P-8, P-21, R-1."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import PaymentKind, PayoutCategory
from schemas.plan import PayoutLine
from schemas.vocabulary import DeadLetterReason, EntryKind, State
from sinks.targets.port import Composed, NotComposed, Posted, RefusalClass, Refused
from sinks.targets.quickbooks.documents import compose_document
from tests.sinks.targets.quickbooks.companies import Company
from tests.sinks.targets.quickbooks.payouts import (
    BANK,
    CLEARING,
    DISPUTE_FEES,
    FEES,
    INCOME,
    MARKER,
    MEMBERSHIP,
    REFUNDS,
    RETURNED_MARKER,
    a_mapping,
    a_reversal,
    an_entry,
    an_item,
    composed,
    journal_lines,
)
from tests.sinks.targets.quickbooks.test_adapter import found, post

PAYOUT = an_entry(an_item(1, 15000, 495))
MIXED = an_entry(an_item(1, 10000, 320), an_item(2, 29900, 897, kind=PaymentKind.MEMBERSHIP))
NEGATIVE = an_entry(an_item(1, 5000, 175), an_item(2, -12000, category=PayoutCategory.REFUND))


def test_a_returned_payout_is_a_journal_entry_of_the_day_it_failed() -> None:
    """P-21: 15000/495 returned: Dr Income 15000, Cr Fees 495, Cr Bank 14505, dated failed_at (local)."""
    original, _ = composed(PAYOUT, a_mapping())
    request, body = composed(a_reversal(PAYOUT, original), a_mapping())
    assert "/journalentry?" in request.path
    assert sorted(journal_lines(body)) == [
        ("Credit", BANK, Decimal("145.05")),
        ("Credit", FEES, Decimal("4.95")),
        ("Debit", INCOME, Decimal("150.00")),
    ]
    assert (body["TxnDate"], request.ledger_date) == ("2026-11-24", date(2026, 11, 24))
    assert [line["Description"] for line in body["Line"]] == [
        "Reversed: po_123 bank",
        "Reversed: po_123-01 Terminal payment",
        "Reversed: po_123-01 fee",
    ]


def test_its_references_are_its_own() -> None:
    """P-8: no second document under the original's number or note; people see which document it takes back."""
    original, first = composed(NEGATIVE, a_mapping())
    _, body = composed(a_reversal(NEGATIVE, original, origin_id="journalentry/101"), a_mapping())
    assert (first["DocNumber"], body["DocNumber"]) == (MARKER, RETURNED_MARKER)
    assert body["PrivateNote"] == (
        "Reversal of payout po_123 (journalentry/101): 2 transactions, gross -70.00, fees 1.75, net -71.75 "
        f"[{RETURNED_MARKER}]"
    )
    assert first["PrivateNote"].startswith("Payout po_123: ")
    assert MARKER not in json.dumps(body, default=str)


def test_a_later_version_stands_under_its_own_reference() -> None:
    """P-8: the second report of a payout is a new document, distinguished from the first everywhere."""
    second = msgspec.structs.replace(PAYOUT, instruction=msgspec.structs.replace(PAYOUT.instruction, version=2))
    _, body = composed(second, a_mapping())
    assert [line["Description"] for line in body["Line"]] == ["po_123 v2-01 Terminal payment", "po_123 v2-01 fee"]
    assert body["PrivateNote"].startswith("Payout po_123 v2: 1 transactions")


def test_a_payout_that_the_bank_had_debited_comes_back_into_the_bank() -> None:
    """P-4, P-7: the mirror of a JournalEntry, sides exchanged; never a deposit, though the bank line is positive."""
    original, _ = composed(NEGATIVE, a_mapping())
    request, body = composed(a_reversal(NEGATIVE, original), a_mapping())
    assert "/journalentry?" in request.path
    assert sorted(journal_lines(body)) == [
        ("Credit", FEES, Decimal("1.75")),
        ("Credit", REFUNDS, Decimal("120.00")),
        ("Debit", BANK, Decimal("71.75")),
        ("Debit", INCOME, Decimal("50.00")),
    ]


@pytest.mark.parametrize("form", ["DEPOSIT", "JOURNAL_ENTRY"])
def test_the_accounts_are_those_that_were_written(form: str) -> None:
    """P-7: accounts, classes and locations are those of the original, whatever was mapped anew since then."""
    before = a_mapping(form=form, class_id="501", department_id="601", income_by_kind={"MEMBERSHIP": MEMBERSHIP})
    original, _ = composed(MIXED, before)
    today = a_mapping(form=form, class_id="502", accounts={"bank": "36", "income": "83", "fees": "61"})
    _, body = composed(a_reversal(MIXED, original), today)
    lines = [line["JournalEntryLineDetail"] for line in body["Line"]]
    assert {line["AccountRef"]["value"] for line in lines} == {BANK, INCOME, MEMBERSHIP, FEES}
    assert {line["ClassRef"]["value"] for line in lines} == {"501"}
    assert {line["DepartmentRef"]["value"] for line in lines} == {"601"}


def test_without_what_was_written_it_is_the_mirror_of_todays_mapping() -> None:
    """E-9 b: an original whose request is not kept any more."""
    _, body = composed(a_reversal(PAYOUT), a_mapping())
    assert sorted(journal_lines(body)) == [
        ("Credit", BANK, Decimal("145.05")),
        ("Credit", FEES, Decimal("4.95")),
        ("Debit", INCOME, Decimal("150.00")),
    ]


def test_another_amount_than_the_originals_is_not_written() -> None:
    """P-1: what comes back is what went out, to the cent."""
    original, _ = composed(PAYOUT, a_mapping())
    entry = a_reversal(PAYOUT, original)
    other = msgspec.structs.replace(entry.instruction, amount_minor=-14504)
    assert compose_document(msgspec.structs.replace(entry, instruction=other), a_mapping(), None) == NotComposed(
        state=State.INVALID_CONFIG, reason=DeadLetterReason.AMOUNTS_DISAGREE, field="lines"
    )


def test_closed_books_hold_it_on_its_own_date() -> None:
    """T-9: the day of the return counts, not that of the payout."""
    original, _ = composed(PAYOUT, a_mapping())
    entry = a_reversal(PAYOUT, original)
    assert isinstance(compose_document(entry, a_mapping(), date(2026, 11, 23)), Composed)
    blocked = compose_document(entry, a_mapping(), date(2026, 11, 24))
    assert isinstance(blocked, NotComposed)
    assert blocked.state is State.BLOCKED_PERIOD


def test_other_kinds_are_not_for_this_route() -> None:
    note = msgspec.structs.replace(PAYOUT.instruction, entry_kind=EntryKind.NOTE)
    refused = compose_document(msgspec.structs.replace(PAYOUT, instruction=note), a_mapping(), None)
    assert isinstance(refused, NotComposed)


_items = st.lists(
    st.builds(
        an_item,
        st.integers(1, 999),
        st.integers(-50_000, 50_000),
        st.integers(-900, 900),
        st.sampled_from(PayoutCategory),
        st.sampled_from([PaymentKind.TERMINAL, PaymentKind.MEMBERSHIP, None]),
    ),
    min_size=1,
    max_size=6,
)
_mappings = st.builds(
    lambda form, detail, booking, bank: a_mapping(
        form=form,
        detail=detail,
        booking=booking,
        accounts={"clearing": CLEARING, "disputes": DISPUTE_FEES, "bank": bank},
    ),
    st.sampled_from(["DEPOSIT", "JOURNAL_ENTRY"]),
    st.sampled_from(["PER_ITEM", "BY_KIND"]),
    st.sampled_from(["REVENUE", "CLEARING"]),
    st.sampled_from([BANK, "36"]),
)


@given(_items, _mappings, _mappings)
def test_payout_and_reversal_leave_every_account_as_it_was(items: list[PayoutLine], before: Any, after: Any) -> None:
    """P-7, P-14: whatever the items and the forms, and whatever was mapped anew in between."""
    entry = an_entry(*items)
    original = compose_document(entry, before, None)
    if isinstance(original, NotComposed):
        return
    back = compose_document(a_reversal(entry, original), after, None)
    assert isinstance(back, Composed), back
    moved: dict[str, Decimal] = defaultdict(Decimal)
    for request in (original, back):
        for account, amount in _movements(json.loads(request.body, parse_float=Decimal)):
            moved[account] += amount
    assert set(moved.values()) == {Decimal(0)}


def _movements(body: dict[str, Any]) -> list[tuple[str, Decimal]]:
    """Debits > 0, of any form."""
    if "DepositToAccountRef" not in body:
        return [(account, amount if side == "Debit" else -amount) for side, account, amount in journal_lines(body)]
    lines = [(line["DepositLineDetail"]["AccountRef"]["value"], -line["Amount"]) for line in body["Line"]]
    return [(body["DepositToAccountRef"]["value"], -sum(amount for _, amount in lines)), *lines]


@pytest.mark.stack
@pytest.mark.parametrize("entry", [PAYOUT, NEGATIVE], ids=["deposit", "negative"])
async def test_it_is_posted_and_found_beside_its_original(company: Company, entry: Any) -> None:
    """P-7, law 18: two documents, each found by its own marker alone; the company's accounts are back at nothing."""
    target = company.open()
    original = target.compose(entry)
    assert isinstance(original, Composed)
    first = await post(target, entry)
    reversal = a_reversal(entry, original)
    second = await post(target, reversal)
    assert isinstance(first, Posted)
    assert isinstance(second, Posted)
    assert (await found(target, entry)).external_ids == (first.external_id,)
    assert (await found(target, reversal)).external_ids == (second.external_id,)
    bank = company.chart["accounts"]["bank"]
    standing = sum(row.total_minor for row in company.inside.deposits())
    assert standing + sum(row.balance_of(bank) for row in company.inside.journal_entries()) == 0


@pytest.mark.stack
async def test_books_closed_over_the_return_refuse_it_as_a_period(company: Company) -> None:
    """T-9, README section 9: 6210 of QuickBooks itself is a matter of the period; nothing is written."""
    target = company.open()
    original = target.compose(PAYOUT)
    assert isinstance(original, Composed)
    company.inside.change(book_close_date="2026-11-30")
    answer = await post(target, a_reversal(PAYOUT, original))
    assert isinstance(answer, Refused)
    assert answer.kind is RefusalClass.PERIOD
    assert company.inside.journal_entries() == []
