"""A mapping that is proposed from a chart of accounts: each with its reason, and none without (QB-2, QB-13)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deploy.sandbox.quickbooks.company import CHART
from sinks.targets.quickbooks.company_cache import Account
from sinks.targets.quickbooks.connection_test import account_check
from sinks.targets.quickbooks.mapping import Booking, Form
from sinks.targets.quickbooks.proposal import Proposed, propose

TYPES = sorted({kind for _, _, kind, _ in CHART} | {"Cost of Goods Sold", "Credit Card", "Long Term Liability"})
WORDS = ["Merchant", "Patient", "Income", "Fees", "Refund", "Dispute", "Clearing", "Other", "Reserve", "Loan", "Bank"]
NAMES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)


def chart(*rows: tuple[str, str, str, str]) -> dict[str, Account]:
    return {
        number: Account(account_id=number, name=name, type=kind, currency="USD", subtype=subtype)
        for number, name, kind, subtype in rows
    }


def found(rows: tuple[Proposed, ...]) -> dict[str, str | None]:
    return {each.field: each.account_id for each in rows}


def test_a_dental_chart_is_recognised() -> None:
    """QB-2: the accounts that a bookkeeper would choose, each with why."""
    proposed = propose(chart(*CHART), Booking.REVENUE, "USD")
    assert found(proposed) == {
        "accounts.bank": "35",
        "accounts.fees": "60",
        "accounts.income": "81",
        "accounts.uncategorised": "83",
        "accounts.refunds": "62",
        "accounts.reserve": "71",
        "accounts.loan": "76",
        "income_by_kind.MEMBERSHIP": "82",
        "fees_by_category.DISPUTE_FEE": "61",
        "fees_by_category.MONTHLY_FEE": "63",
    }
    assert all(each.reason for each in proposed)
    clearing = found(propose(chart(*CHART), Booking.CLEARING, "USD"))
    assert clearing["accounts.clearing"] == "70"
    assert "accounts.income" not in clearing


def test_where_several_fit_a_person_chooses() -> None:
    """Never a guess: two banks of one kind, two fee accounts, and an account of another currency."""
    two = chart(
        ("1", "Checking North", "Bank", "Checking"),
        ("2", "Checking South", "Bank", "Checking"),
        ("3", "Merchant Fees", "Expense", ""),
        ("4", "Merchant Fees Square", "Expense", ""),
    )
    proposed = {each.field: each for each in propose(two, Booking.REVENUE, "USD")}
    assert proposed["accounts.bank"].account_id is None
    assert "Checking North (1)" in proposed["accounts.bank"].reason
    assert proposed["accounts.fees"].account_id is None
    assert proposed["accounts.income"].reason == "the chart has none"
    foreign = {each.account_id: each for each in two.values()} | {
        "1": Account(account_id="1", name="Checking North", type="Bank", currency="CAD", subtype="Checking")
    }
    assert found(propose(foreign, Booking.REVENUE, "USD"))["accounts.bank"] == "2"


@given(
    st.lists(st.tuples(NAMES, st.sampled_from(TYPES), st.sampled_from(["", "Checking", "BankCharges"])), max_size=12),
    st.sampled_from(Booking),
)
def test_whatever_the_chart_what_is_proposed_may_stand_there(
    rows: list[tuple[str, str, str]], booking: Booking
) -> None:
    """No proposal is refused by `target test`, none is without a reason, and no line takes the bank's account."""
    accounts = chart(*((str(number), *row) for number, row in enumerate(rows, start=1)))
    proposed = propose(accounts, booking, "USD")
    chosen = [each for each in proposed if each.account_id is not None]
    banks = {each.account_id for each in chosen if each.field == "accounts.bank"}
    for each in chosen:
        assert each.reason
        form = Form.JOURNAL_ENTRY if each.field == "accounts.loan" else Form.DEPOSIT
        assert account_check(each.field, str(each.account_id), accounts, form)[1], each
        assert each.field == "accounts.bank" or each.account_id not in banks
    assert {"accounts.bank", "accounts.fees", "accounts.uncategorised"} <= {each.field for each in proposed}
