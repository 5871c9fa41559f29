"""Deposit and JournalEntry: create, update, read, delete, with the checks that Intuit documents."""

from __future__ import annotations

from collections.abc import Mapping

from deploy.sandbox.exchange import Document, Incoming, number
from deploy.sandbox.ledger import marker_in
from deploy.sandbox.quickbooks import parse_lines as reading
from deploy.sandbox.quickbooks.company import Company
from deploy.sandbox.quickbooks.shapes import FaultyError, Problem, stamp

BANKS = ("Bank", "Other Current Asset")
DEPOSIT_LINES = (
    "Income",
    "Other Income",
    "Expense",
    "Other Expense",
    "Other Current Asset",
    "Equity",
    "Cost of Goods Sold",
)
DEPOSIT_DETAIL = frozenset(
    {
        "Entity",
        "ClassRef",
        "AccountRef",
        "PaymentMethodRef",
        "CheckNum",
        "TxnType",
        "TaxCodeRef",
        "TaxApplicableOn",
    }
)
JOURNAL_DETAIL = frozenset(
    {"PostingType", "AccountRef", "ClassRef", "DepartmentRef", "Entity", "TaxCodeRef", "TaxAmount", "BillableStatus"}
)


def deposit(company: Company, document: Document) -> tuple[Document, int]:
    """The stored form of a deposit and its total in cents; raises FaultyError for what Intuit refuses."""
    reading.only_known(document, reading.COMMON | {"DepositToAccountRef", "CashBack"})
    problems = reading.lengths(document)
    bank = reading.reference(document, "DepositToAccountRef")
    if not bank:
        raise FaultyError(reading.missing("DepositToAccountRef"))
    reading.check_currency(company, document)
    rows = reading.lines_of(document, "DepositLineDetail")
    lines: list[Document] = []
    total = 0
    for place, (row, detail) in enumerate(rows, start=1):
        reading.only_known(detail, DEPOSIT_DETAIL)
        problems += reading.lengths(row) + reading.lengths(detail)
        account = reading.reference(detail, "AccountRef")
        if not account and not row.get("LinkedTxn"):
            raise FaultyError(reading.missing("DepositLineDetail.AccountRef"))
        cents = reading.cents_of(row)
        total += cents
        _check_account(company, account, DEPOSIT_LINES, f"Line[{place}].DepositLineDetail.AccountRef")
        inner = {**detail, "AccountRef": reading.named(company, account)}
        lines.append(_line(row, place, str(place), cents, "DepositLineDetail", inner))
    _check_account(company, bank, BANKS, "DepositToAccountRef")
    if problems:
        raise FaultyError(*problems)
    if total <= 0:
        text = "You must set a transaction amount." if total == 0 else "The deposit total must not be negative."
        raise FaultyError(Problem("6000", "A business validation error has occurred", text))
    _check_open(company, document)
    return {
        **_head(company, document),
        "DepositToAccountRef": reading.named(company, bank),
        "TotalAmt": number(total),
        "HomeTotalAmt": number(total),
        "Line": lines,
    }, total


def journal_entry(company: Company, document: Document, query: Mapping[str, str]) -> tuple[Document, int]:
    """The stored form of a journal entry and the sum of its debits in cents. TotalAmt is always 0."""
    reading.only_known(document, reading.COMMON | {"Adjustment"})
    problems = reading.lengths(document)
    reading.check_currency(company, document)
    rows = reading.lines_of(document, "JournalEntryLineDetail")
    lines: list[Document] = []
    sums = {"Debit": 0, "Credit": 0}
    for place, (row, detail) in enumerate(rows):
        reading.only_known(detail, JOURNAL_DETAIL)
        problems += reading.lengths(row)
        cents = reading.cents_of(row)
        if cents < 0:
            raise FaultyError(Problem("2290", "Negative amount", "A line's amount is negative.", "Amount"))
        posting = detail.get("PostingType")
        if posting is None:
            raise FaultyError(Problem("2260", "Missing PostingType", "PostingType is missing.", "PostingType"))
        if posting not in sums:
            raise FaultyError(Problem("2170", "Invalid Enumeration", "PostingType is invalid.", "PostingType"))
        account = reading.reference(detail, "AccountRef")
        if not account:
            raise FaultyError(reading.missing("AccountRef"))
        _check_account(company, account, None, f"Line[{place}].JournalEntryLineDetail.AccountRef")
        _check_entity(company, account, detail)
        sums[posting] += cents
        inner = {**detail, "AccountRef": reading.named(company, account)}
        lines.append(_line(row, place + 1, str(place), cents, "JournalEntryLineDetail", inner))
    if problems:
        raise FaultyError(*problems)
    if sums["Debit"] != sums["Credit"]:
        text = "The debits do not equal the credits."
        raise FaultyError(Problem("2300", "Debits and credits are not equal", text, "Line"))
    _check_open(company, document)
    _check_number(company, document, query)
    head = _head(company, document)
    doc_number = document.get("DocNumber")
    if not doc_number and query.get("include") == "allowautodocnum":
        doc_number = str(len(company.entities["JournalEntry"]) + 1)
    if doc_number:
        head["DocNumber"] = doc_number
    return {**head, "Adjustment": bool(document.get("Adjustment")), "TotalAmt": 0, "Line": lines}, sums["Debit"]


def stored(company: Company, entity: str, body: Document, earlier: Document | None) -> Document:
    """Adds Id, SyncToken and MetaData, and files it."""
    now = stamp()
    entry_id = earlier["Id"] if earlier else company.next_id()
    token = str(int(earlier["SyncToken"]) + 1) if earlier else "0"
    created = earlier["MetaData"]["CreateTime"] if earlier else now
    row = {
        **body,
        "domain": "QBO",
        "sparse": False,
        "Id": entry_id,
        "SyncToken": token,
        "MetaData": {"CreateTime": created, "LastUpdatedTime": now},
    }
    company.put(entity, row)
    return row


def existing(company: Company, entity: str, document: Document) -> Document:
    """The entry that an update or delete names, with its SyncToken checked (5010)."""
    entry_id = str(document.get("Id", ""))
    if entry_id in company.deleted[entity]:
        text = "Object Not Found : Another user has deleted this transaction."
        raise FaultyError(Problem("610", "Object Not Found", text))
    row = company.entities[entity].get(entry_id)
    if row is None:
        raise not_found(entity)
    if document.get("SyncToken") is None:
        raise FaultyError(reading.missing("SyncToken"))
    if str(document["SyncToken"]) != row["SyncToken"]:
        text = "Stale Object Error : You and another user were working on this at the same time."
        raise FaultyError(Problem("5010", "Stale Object Error", text))
    return row


def not_found(entity: str) -> FaultyError:
    text = f"Object Not Found : The {entity} you are looking for does not exist."
    return FaultyError(Problem("610", "Object Not Found", text))


def marker_of(row: Document) -> str:
    return marker_in(row.get("PrivateNote"), row.get("DocNumber"))


def check_request_id(incoming: Incoming) -> str:
    """`requestid`, at most 50 characters (2130)."""
    request_id = incoming.query.get("requestid", "")
    if len(request_id) > 50:
        text = "The requestid is longer than 50 characters."
        raise FaultyError(Problem("2130", "Invalid request id", text, "requestid"))
    return request_id


def _head(company: Company, document: Document) -> Document:
    head: Document = {
        "TxnDate": reading.transaction_date(document).isoformat(),
        "CurrencyRef": {"value": reading.reference(document, "CurrencyRef") or company.settings.currency},
    }
    for name in ("PrivateNote", "DepartmentRef", "ExchangeRate"):
        if name in document:
            head[name] = document[name]
    return head


def _line(row: Document, place: int, line_id: str, cents: int, kind: str, detail: Document) -> Document:
    line: Document = {"Id": line_id, "LineNum": place}
    if "Description" in row:
        line["Description"] = row["Description"]
    return {**line, "Amount": number(cents), "DetailType": kind, kind: detail}


def _check_account(company: Company, account: str, types: tuple[str, ...] | None, element: str) -> None:
    if problem := company.account_problem(account, element):
        raise FaultyError(problem)
    if types is not None and company.accounts[account]["AccountType"] not in types:
        text = "Invalid account type: the account cannot be used here."
        raise FaultyError(Problem("6430", "Invalid account type", text, element))


def _check_entity(company: Company, account: str, detail: Document) -> None:
    """A/R and A/P lines need a customer or vendor."""
    kind = company.accounts[account]["AccountType"]
    if kind in ("Accounts Receivable", "Accounts Payable") and not detail.get("Entity"):
        text = f"When you use {kind}, you must choose a customer or vendor in the Name field."
        raise FaultyError(Problem("6000", "A business validation error has occurred", text))


def _check_open(company: Company, document: Document) -> None:
    if problem := company.closed_problem(reading.transaction_date(document)):
        raise FaultyError(problem)


def _check_number(company: Company, document: Document, query: Mapping[str, str]) -> None:
    """6140 only where the company warns about duplicate journal numbers, and may be waived."""
    given = document.get("DocNumber")
    if not given or not company.settings.warns_duplicate_journal_number:
        return
    if query.get("include") == "allowduplicatedocnum":
        return
    for row in company.entities["JournalEntry"].values():
        if row.get("DocNumber") == given and row["Id"] != document.get("Id"):
            text = (
                "Duplicate Document Number Error : You must specify a different number. This number has "
                f"already been used. DocNumber={given} is assigned to TxnType=Journal Entry with TxnId={row['Id']}"
            )
            raise FaultyError(Problem("6140", "Duplicate Document Number Error", text))
