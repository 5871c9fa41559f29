"""A payout's document: the rules P-1 to P-22, as far as a document shows them."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from schemas.events import PaymentKind, PayoutCategory
from schemas.vocabulary import DeadLetterReason, DecisionReason, State
from sinks.targets.port import Composed, NotComposed
from sinks.targets.quickbooks.documents import compose_document
from tests.sinks.targets.quickbooks.payouts import (
    BANK,
    CLEARING,
    DISPUTE_FEES,
    FEES,
    INCOME,
    MARKER,
    MEMBERSHIP,
    REFUNDS,
    RESERVE,
    UNCATEGORISED,
    a_mapping,
    an_entry,
    an_item,
    composed,
    deposit_lines,
    journal_lines,
)


def test_a_deposit_per_payout_with_a_gross_and_a_fee_line_per_transaction() -> None:
    """P-22, P-5, P-16, P-19: lines in order, references without payment ids, income on the bank's date, total = net."""
    entry = an_entry(an_item(1, 10000, 320), an_item(2, 29900, 897, kind=PaymentKind.MEMBERSHIP))
    request, body = composed(entry, a_mapping())
    assert request.path == ("/v3/company/9130/deposit?minorversion=75&requestid=0123456789abcdef0123456789abcdef")
    assert body["TxnDate"] == "2026-11-20"
    assert body["DepositToAccountRef"] == {"value": BANK}
    assert body["CurrencyRef"] == {"value": "USD"}
    assert deposit_lines(body) == [
        (INCOME, Decimal("100.00"), "po_123-01 Terminal payment"),
        (FEES, Decimal("-3.20"), "po_123-01 fee"),
        (MEMBERSHIP, Decimal("299.00"), "po_123-02 Membership payment"),
        (FEES, Decimal("-8.97"), "po_123-02 fee"),
    ]
    assert "DocNumber" not in body
    assert body["PrivateNote"] == (f"Payout po_123: 2 transactions, gross 399.00, fees 12.17, net 386.83 [{MARKER}]")


def test_amounts_leave_as_exact_numbers_with_two_decimals() -> None:
    """M-2: the bytes themselves; a float would have written 1234567890.1 or an exponent."""
    request, _ = composed(an_entry(an_item(1, 123456789010, 0)), a_mapping())
    assert b'"Amount":1234567890.10,' in request.body


def test_refunds_above_sales_become_a_journal_entry() -> None:
    """P-4: items 5000/175 and -12000: Dr Refunds 12000, Dr Fees 175, Cr Income 5000, Cr Bank 7175."""
    entry = an_entry(an_item(1, 5000, 175), an_item(2, -12000, category=PayoutCategory.REFUND))
    request, body = composed(entry, a_mapping())
    assert "/journalentry?" in request.path
    assert sorted(journal_lines(body)) == [
        ("Credit", BANK, Decimal("71.75")),
        ("Credit", INCOME, Decimal("50.00")),
        ("Debit", FEES, Decimal("1.75")),
        ("Debit", REFUNDS, Decimal("120.00")),
    ]
    assert body["DocNumber"] == MARKER
    assert len(body["DocNumber"]) <= 21
    assert "po_123" in body["PrivateNote"]
    assert MARKER in body["PrivateNote"]


def test_a_zero_net_has_no_bank_line() -> None:
    """P-4, P-18: -3000 and the carried +3000 meet in an Other Current Asset, and the bank is not touched."""
    entry = an_entry(
        an_item(1, -3000, category=PayoutCategory.REFUND),
        an_item(2, 3000, category=PayoutCategory.BALANCE_CARRIED, kind=None),
    )
    _, body = composed(entry, a_mapping())
    assert journal_lines(body) == [("Debit", REFUNDS, Decimal("30.00")), ("Credit", RESERVE, Decimal("30.00"))]


def test_a_carried_balance_is_taken_from_the_next_payout() -> None:
    """P-4: 20000 - 610 - 3000 = 16390, in one deposit."""
    entry = an_entry(an_item(1, 20000, 610), an_item(2, -3000, category=PayoutCategory.BALANCE_CARRIED, kind=None))
    assert entry.instruction.amount_minor == 16390
    _, body = composed(entry, a_mapping())
    assert [(account, amount) for account, amount, _ in deposit_lines(body)] == [
        (INCOME, Decimal("200.00")),
        (FEES, Decimal("-6.10")),
        (RESERVE, Decimal("-30.00")),
    ]


def test_a_reserve_without_its_account_is_never_an_expense() -> None:
    """P-18: the payout waits for the mapping, which is named."""
    entry = an_entry(an_item(1, 9000), an_item(2, -1000, category=PayoutCategory.RESERVE_HOLD, kind=None))
    assert compose_document(entry, a_mapping(accounts={"reserve": None}), None) == NotComposed(
        state=State.INVALID_CONFIG, reason=DeadLetterReason.MAPPING_MISSING, field="accounts.reserve"
    )


def test_items_without_a_payment_go_to_mapped_categories_or_to_the_uncategorised_account() -> None:
    """P-3: a monthly fee to its category, an adjustment and OTHER to 'uncategorised', nothing dropped."""
    entry = an_entry(
        an_item(1, 50000),
        an_item(2, 0, 2500, category=PayoutCategory.MONTHLY_FEE, kind=None),
        an_item(3, -1500, category=PayoutCategory.MANAGEMENT_FEE, kind=None),
        an_item(4, 700, category=PayoutCategory.ADJUSTMENT, kind=None),
        an_item(5, -300, category=PayoutCategory.OTHER, kind=None),
    )
    _, body = composed(entry, a_mapping(fees_by_category={"MONTHLY_FEE": "63"}))
    assert deposit_lines(body) == [
        (INCOME, Decimal("500.00"), "po_123-01 Terminal payment"),
        ("63", Decimal("-25.00"), "po_123-02 Monthly fee"),
        (FEES, Decimal("-15.00"), "po_123-03 Management fee"),
        (UNCATEGORISED, Decimal("7.00"), "po_123-04 Adjustment"),
        (UNCATEGORISED, Decimal("-3.00"), "po_123-05 Other"),
    ]


def test_fees_are_itemised_by_the_kinds_that_the_practice_mapped() -> None:
    """QB-5, QB-13: a mapped fee kind has its own line; what is not mapped stays in the fee account, to the cent."""
    item = an_item(1, 10000, 350, fees=(("processing", 300), ("dispute", 40), ("unheard-of", 10)))
    _, body = composed(an_entry(item), a_mapping(fees_by_kind={"dispute": DISPUTE_FEES}))
    assert deposit_lines(body)[1:] == [
        (DISPUTE_FEES, Decimal("-0.40"), "po_123-01 dispute fee"),
        (FEES, Decimal("-3.10"), "po_123-01 fee"),
    ]


def test_clearing_takes_gross_and_refunds_so_that_it_returns_to_zero() -> None:
    """P-14, P-20: nothing is credited to income."""
    entry = an_entry(an_item(1, 10000, 320), an_item(2, -2000, category=PayoutCategory.REFUND))
    mapping = a_mapping(booking="CLEARING", accounts={"clearing": CLEARING, "refunds": None})
    _, body = composed(entry, mapping)
    assert [(account, amount) for account, amount, _ in deposit_lines(body)] == [
        (CLEARING, Decimal("100.00")),
        (FEES, Decimal("-3.20")),
        (CLEARING, Decimal("-20.00")),
    ]


def test_more_than_200_transactions_are_condensed() -> None:
    """P-22: 201 transactions of two kinds: two gross lines with their counts and one fee line, total = net."""
    items = [an_item(n, 1000 + n, 30) for n in range(1, 152)]
    items += [an_item(n, 29900, 897, kind=PaymentKind.MEMBERSHIP) for n in range(152, 202)]
    entry = an_entry(*items)
    _, body = composed(entry, a_mapping())
    assert [(account, text) for account, _, text in deposit_lines(body)] == [
        (INCOME, "po_123 Terminal payment (151)"),
        (MEMBERSHIP, "po_123 Membership payment (50)"),
        (FEES, "po_123 fee"),
    ]
    assert sum(amount for _, amount, _ in deposit_lines(body)) * 100 == entry.instruction.amount_minor
    _, detailed = composed(an_entry(*items[:200]), a_mapping())
    assert len(detailed["Line"]) == 400


def test_by_kind_is_a_setting() -> None:
    """P-22: a small payout is condensed where the practice asks for it."""
    _, body = composed(an_entry(an_item(1, 1000, 30), an_item(2, 2000, 60)), a_mapping(detail="BY_KIND"))
    assert [(text, amount) for _, amount, text in deposit_lines(body)] == [
        ("po_123 Terminal payment (2)", Decimal("30.00")),
        ("po_123 fee", Decimal("-0.90")),
    ]


def test_a_practice_may_prefer_journal_entries() -> None:
    """QB-3: bank debited with the net, class and department on each line."""
    mapping = a_mapping(form="JOURNAL_ENTRY", class_id="500", department_id="2")
    _, body = composed(an_entry(an_item(1, 10000, 320)), mapping)
    assert journal_lines(body) == [
        ("Debit", BANK, Decimal("96.80")),
        ("Credit", INCOME, Decimal("100.00")),
        ("Debit", FEES, Decimal("3.20")),
    ]
    assert all(line["JournalEntryLineDetail"]["ClassRef"] == {"value": "500"} for line in body["Line"])
    assert all(line["JournalEntryLineDetail"]["DepartmentRef"] == {"value": "2"} for line in body["Line"])


def test_lines_that_do_not_add_up_are_not_written() -> None:
    """P-1: the net of the bank line and the items differ by a cent."""
    found = compose_document(an_entry(an_item(1, 10000, 320), net=9681), a_mapping(), None)
    assert isinstance(found, NotComposed)
    assert found.reason is DeadLetterReason.AMOUNTS_DISAGREE


def test_closed_books_block_without_sending() -> None:
    """P-11: the close date itself is closed, the day after is open."""
    entry = an_entry(an_item(1, 10000, 320))
    blocked = compose_document(entry, a_mapping(), date(2026, 11, 20))
    assert isinstance(blocked, NotComposed)
    assert (blocked.state, blocked.reason) == (State.BLOCKED_PERIOD, DeadLetterReason.PERIOD_CLOSED)
    assert isinstance(compose_document(entry, a_mapping(), date(2026, 11, 19)), Composed)


def test_the_same_entry_composes_to_the_same_bytes() -> None:
    """P-10: a requestid is only safe with an identical body."""
    entry = an_entry(an_item(1, 10000, 320))
    assert composed(entry, a_mapping())[0] == composed(entry, a_mapping())[0]


amounts = st.integers(-5_000_000, 5_000_000)
items = st.builds(
    an_item,
    st.integers(1, 999),
    amounts,
    st.integers(-5_000, 500_000),
    st.sampled_from(PayoutCategory),
    st.sampled_from([*PaymentKind, None]),
    st.lists(st.tuples(st.sampled_from(["processing", "dispute", "x"]), st.integers(-500, 5_000)), max_size=3).map(
        tuple
    ),
)


@given(
    st.lists(items, min_size=1, max_size=40),
    st.sampled_from(["PER_ITEM", "BY_KIND"]),
    st.sampled_from(["DEPOSIT", "JOURNAL_ENTRY"]),
    st.sampled_from(["REVENUE", "CLEARING"]),
)
def test_every_document_is_the_bank_line_to_the_cent(found: list[object], detail: str, form: str, booking: str) -> None:
    """P-1, P-4: whatever the items, the form and the detail; and a JournalEntry balances."""
    entry = an_entry(*found)  # type: ignore[arg-type]
    mapping = a_mapping(
        detail=detail,
        form=form,
        booking=booking,
        accounts={"clearing": CLEARING, "loan": "76"},
        fees_by_kind={"dispute": DISPUTE_FEES},
    )
    request = compose_document(entry, mapping, None)
    net = entry.instruction.amount_minor
    if isinstance(request, NotComposed):
        assert request.reason is DecisionReason.ZERO_AMOUNT
        assert net == 0
        return
    body = json.loads(request.body, parse_float=Decimal)
    if net > 0 and form == "DEPOSIT" and "DepositToAccountRef" in body:
        assert sum(amount for _, amount, _ in deposit_lines(body)) * 100 == net
        return
    signed = [amount if side == "Debit" else -amount for side, _, amount in journal_lines(body)]
    bank = [amount for (_, account, _), amount in zip(journal_lines(body), signed, strict=True) if account == BANK]
    assert sum(signed) == 0
    assert bank == ([] if net == 0 else [Decimal(net).scaleb(-2)])
    assert all(amount > 0 for _, _, amount in journal_lines(body))
