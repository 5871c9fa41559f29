"""What deposits and journal entries share: unknown properties, lengths, dates, references, amounts."""

from __future__ import annotations

from datetime import date
from typing import Any

from deploy.sandbox.exchange import Document, decoded, minor_units
from deploy.sandbox.quickbooks.company import Company
from deploy.sandbox.quickbooks.shapes import FaultyError, Problem

COMMON = frozenset(
    {
        "Id", "SyncToken", "sparse", "domain", "MetaData", "TxnDate", "PrivateNote", "CurrencyRef",
        "ExchangeRate", "DepartmentRef", "Line", "LinkedTxn", "TxnTaxDetail", "TxnSource", "DocNumber",
        "TransactionLocationType", "GlobalTaxCalculation", "HomeTotalAmt", "TotalAmt", "CustomField",
    }
)  # fmt: skip
LINE = frozenset(
    {
        "Id", "LineNum", "Description", "Amount", "LinkedTxn", "DetailType", "DepositLineDetail",
        "JournalEntryLineDetail", "CustomExtensions",
    }
)  # fmt: skip
LENGTHS = {"DocNumber": 21, "PrivateNote": 4000, "Description": 4000, "CheckNum": 21}
MALFORMED = "Request has invalid or unsupported property"
UNSUPPORTED = "failed to parse json object; a property specified is unsupported or invalid"


def unsupported(name: str) -> FaultyError:
    """2010, without `element`."""
    return FaultyError(Problem("2010", MALFORMED, f"Property Name:{UNSUPPORTED}"), status=400)


def missing(name: str) -> Problem:
    """2020."""
    detail = f"Required parameter {name} is missing in the request"
    return Problem("2020", "Required param missing, need to supply the required value for the API", detail, name)


def parsed(body: bytes) -> Document:
    """The JSON object; anything else is 2010."""
    try:
        document = decoded(body)
    except ValueError as error:
        raise unsupported("body") from error
    if not isinstance(document, dict):
        raise unsupported("body")
    return document


def only_known(document: Document, known: frozenset[str]) -> None:
    """2010 for a property that the object does not have; keys inside references are not checked."""
    for name in document:
        if name not in known:
            raise unsupported(name)


def lengths(document: Document) -> list[Problem]:
    """2050, one for each string that is too long."""
    found = []
    for name, longest in LENGTHS.items():
        value = document.get(name)
        if isinstance(value, str) and len(value) > longest:
            detail = (
                "String length specified does not match the supported length. "
                f"Min:0 Max:{longest} supported. Supplied length:{len(value)}"
            )
            found.append(Problem("2050", "String length is either shorter or longer than supported", detail, name))
    return found


def transaction_date(document: Document) -> date:
    """TxnDate in `yyyy-MM-dd`; the company's today when missing."""
    value = document.get("TxnDate")
    if value is None:
        return date.today()  # noqa: DTZ011 - a civil date in the server's own zone, as the vendor does
    try:
        if not isinstance(value, str):
            raise TypeError(value)
        return date.fromisoformat(value[:10])
    except (TypeError, ValueError) as error:
        problem = Problem("2060", "Invalid Date", "The date is not valid. Use yyyy-MM-dd.", "TxnDate")
        raise FaultyError(problem) from error


def reference(document: Document, name: str) -> str:
    """The `value` of a reference; "" when it is not there. Other keys inside are silently ignored."""
    inner = document.get(name)
    if inner is None:
        return ""
    if not isinstance(inner, dict):
        raise unsupported(name)
    return str(inner.get("value", ""))


def cents_of(line: Document) -> int:
    """The line's amount, number or numeric string, to the cent."""
    if line.get("Amount") is None:
        raise FaultyError(missing("Amount"))
    cents = minor_units(line["Amount"])
    if cents is None:
        raise FaultyError(Problem("2080", "Invalid Number", "The amount is not a valid number.", "Amount"))
    return cents


def lines_of(document: Document, detail: str) -> list[tuple[Document, Document]]:
    """Each line with its detail; at least one is needed (2250 on a journal entry, 2020 on a deposit)."""
    rows: Any = document.get("Line")
    if not rows:
        if detail == "JournalEntryLineDetail":
            raise FaultyError(Problem("2250", "Missing lines", "At least one line is required.", "Line"))
        raise FaultyError(missing("Line"))
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise unsupported("Line")
    found = []
    for row in rows:
        only_known(row, LINE)
        if row.get("DetailType") != detail:
            problem = Problem("2170", "Invalid Enumeration", "The DetailType is not valid here.", "DetailType")
            raise FaultyError(problem if row.get("DetailType") else missing("DetailType"))
        number = row.get("LineNum")
        if number is not None and (not str(number).isdigit() or int(number) < 1):
            raise FaultyError(Problem("2080", "Invalid Number", "LineNum must be positive.", "LineNum"))
        inner = row.get(detail)
        if not isinstance(inner, dict):
            raise FaultyError(missing(detail))
        found.append((row, inner))
    return found


def check_currency(company: Company, document: Document) -> None:
    """2220 for a currency that a single-currency company does not have; required with multicurrency."""
    given = reference(document, "CurrencyRef")
    if company.settings.multicurrency:
        if not given:
            raise FaultyError(missing("CurrencyRef"))
    elif given not in ("", company.settings.currency):
        raise FaultyError(Problem("2220", "Invalid currency", "The currency is not enabled.", "CurrencyRef"))


def named(company: Company, account_id: str) -> Document:
    """An account reference as Intuit returns it, with the name."""
    return {"value": account_id, "name": company.accounts[account_id]["Name"]}
