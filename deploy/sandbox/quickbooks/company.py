"""One QuickBooks company: chart of accounts, preferences, deposits, journal entries."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date

import msgspec

from deploy.sandbox.exchange import Answer, Document
from deploy.sandbox.quickbooks.shapes import Problem, stamp

CHART: tuple[tuple[str, str, str, str], ...] = (
    ("35", "Practice Checking", "Bank", "Checking"),
    ("36", "Savings", "Bank", "Savings"),
    ("81", "Patient Income", "Income", "ServiceFeeIncome"),
    ("82", "Membership Income", "Income", "ServiceFeeIncome"),
    ("83", "Other Practice Income", "Other Income", "OtherMiscellaneousIncome"),
    ("60", "Merchant Fees", "Expense", "BankCharges"),
    ("61", "Dispute Fees", "Expense", "BankCharges"),
    ("62", "Refunds and Allowances", "Income", "DiscountsRefundsGiven"),
    ("63", "Platform Fees", "Other Expense", "OtherMiscellaneousExpense"),
    ("70", "Payments Clearing", "Other Current Asset", "OtherCurrentAssets"),
    ("71", "Processor Reserve", "Other Current Asset", "OtherCurrentAssets"),
    ("75", "Membership Liability", "Other Current Liability", "OtherCurrentLiabilities"),
    ("76", "Practice Loan", "Other Current Liability", "LoanPayable"),
    ("84", "Accounts Receivable", "Accounts Receivable", "AccountsReceivable"),
    ("33", "Accounts Payable", "Accounts Payable", "AccountsPayable"),
    ("90", "Owner's Equity", "Equity", "OwnersEquity"),
)
"""Id, name, type, subtype: the chart of a new company."""

CLASSIFICATION = {
    "Bank": "Asset",
    "Other Current Asset": "Asset",
    "Accounts Receivable": "Asset",
    "Income": "Revenue",
    "Other Income": "Revenue",
    "Expense": "Expense",
    "Other Expense": "Expense",
    "Cost of Goods Sold": "Expense",
    "Equity": "Equity",
}


class CompanySettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a company is like. Switches marked (unproven) stand for things Intuit does not document.

    `access_token_s`: life of an access token, in seconds. `rotates_refresh_token`: a refresh returns a new refresh
    token once the value is `refresh_token_changes_after_s` old (a day, as at Intuit; 0 = at every refresh), and the
    old one is dead at once, the strictest reading. `repeated_request_id`:
    "replay" answers as the first time, "600" is a fault (both are reported). `inactive_code`: "610" or
    "2500". `closed_code`: "6200" or "6210". `rate_limits`: 10 a second and 500 a minute per company.
    """

    realm: str
    name: str = "Sandbox Dental PC"
    country: str = "US"
    currency: str = "USD"
    multicurrency: bool = False
    book_close_date: date | None = None
    warns_duplicate_journal_number: bool = False
    access_token_s: int = 3600
    refresh_token_s: int = 8_726_400
    rotates_refresh_token: bool = True
    refresh_token_changes_after_s: int = 86_400
    keeps_previous_refresh_token: bool = False
    """(unproven) The token before the newest is still good for one refresh."""
    repeated_request_id: str = "replay"
    inactive_code: str = "610"
    closed_code: str = "6210"
    app_authorized: bool = True
    subscription_active: bool = True
    rate_limits: bool = False
    throttle_shape: str = "xml"
    classes: dict[str, str] = {}
    """Id and name."""
    departments: dict[str, str] = {}


class Company:
    """Documents in Intuit's shape. Every change goes through `put`, which also journals it."""

    def __init__(self, settings: CompanySettings, keep: Callable[[str, Document], None]) -> None:
        self.settings = settings
        self._keep = keep
        self.accounts: dict[str, Document] = {}
        self.entities: dict[str, dict[str, Document]] = {"Deposit": {}, "JournalEntry": {}, "Attachable": {}}
        self.deleted: dict[str, dict[str, str]] = {"Deposit": {}, "JournalEntry": {}, "Attachable": {}}
        self.answers: dict[str, Answer] = {}
        """First answer of each `requestid`, for ever: nothing is known of how long Intuit remembers."""
        self._next_id = 101
        self._hidden_until: dict[str, int] = {}
        self.recent_calls: list[float] = []

    def next_id(self) -> str:
        taken = self._next_id
        self._next_id += 1
        return str(taken)

    def put_account(self, row: Document) -> None:
        self.accounts[row["Id"]] = row
        self._keep("Account", row)

    def put(self, entity: str, row: Document) -> None:
        self.entities[entity][row["Id"]] = row
        self._next_id = max(self._next_id, int(row["Id"]) + 1)
        self._keep(entity, row)

    def delete(self, entity: str, entry_id: str) -> None:
        del self.entities[entity][entry_id]
        self.deleted[entity][entry_id] = stamp()
        self._keep(entity, {"Id": entry_id, "_deleted": True})

    def remember(self, request_id: str, answer: Answer) -> None:
        """Keeps the first answer of a requestid."""
        self.answers[request_id] = answer
        self._keep("answer", {"request_id": request_id, "status": answer.status, "body": answer.body.decode()})

    def restore(self, table: str, row: Document) -> None:
        """A row of the last run's journal."""
        if table == "Account":
            self.put_account(row)
        elif table == "answer":
            self.answers[row["request_id"]] = Answer(row["status"], row["body"].encode())
        elif row.get("_deleted"):
            self.delete(table, row["Id"])
        else:
            self.put(table, row)

    def hide(self, entry_id: str, seconds: float) -> None:
        if seconds > 0:
            self._hidden_until[entry_id] = time.time_ns() + int(seconds * 1e9)

    def visible(self, entity: str) -> Iterator[Document]:
        """What a query sees; hidden entries are there, but not yet indexed."""
        now = time.time_ns()
        for entry_id, row in self.entities[entity].items():
            if not self._hidden_until or self._hidden_until.get(entry_id, 0) <= now:
                yield row

    def account_problem(self, account_id: str, element: str) -> Problem | None:
        """Why an account cannot be referenced: unknown (2500) or inactive (610 or 2500)."""
        account = self.accounts.get(account_id)
        if account is None:
            detail = f"Invalid Reference Id : Accounts element id {account_id} not found"
            return Problem("2500", "Invalid Reference Id", detail, element)
        if not account["Active"]:
            detail = (
                "Object Not Found : Something you're trying to use has been made inactive. Check the fields "
                "with accounts, customers, items, vendors or employees."
            )
            return Problem(self.settings.inactive_code, "Object Not Found", detail, element)
        return None

    def closed_problem(self, day: date) -> Problem | None:
        """6200 and 6210, both reported for a closed period."""
        closed = self.settings.book_close_date
        if closed is None or day > closed:
            return None
        if self.settings.closed_code == "6200":
            detail = "The account period has closed and the account books cannot be updated."
            return Problem("6200", "Account Period Closed Error", detail)
        detail = "The account period has closed and the account books cannot be updated without a password."
        return Problem("6210", "Account Period Closed Required Password Error", detail)


def account_row(entry: tuple[str, str, str, str], currency: str) -> Document:
    """An Account as Intuit returns it."""
    account_id, name, kind, subtype = entry
    now = stamp()
    return {
        "Name": name,
        "SubAccount": False,
        "FullyQualifiedName": name,
        "Active": True,
        "Classification": CLASSIFICATION.get(kind, "Liability"),
        "AccountType": kind,
        "AccountSubType": subtype,
        "CurrentBalance": 0,
        "CurrentBalanceWithSubAccounts": 0,
        "CurrencyRef": {"value": currency, "name": "United States Dollar" if currency == "USD" else currency},
        "domain": "QBO",
        "sparse": False,
        "Id": account_id,
        "SyncToken": "0",
        "MetaData": {"CreateTime": now, "LastUpdatedTime": now},
    }
