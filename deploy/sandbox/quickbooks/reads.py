"""Reads of QuickBooks: single entries, Account, CompanyInfo, Preferences, change data capture."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from deploy.sandbox.exchange import Answer, Document, Incoming, as_json
from deploy.sandbox.quickbooks import entries
from deploy.sandbox.quickbooks.company import Company
from deploy.sandbox.quickbooks.shapes import FaultyError, Problem, stamp


def single(company: Company, entity: str, entry_id: str) -> Answer:
    """`GET /{entity}/{id}`; an unknown or deleted one is 610 with HTTP 400."""
    for row in company.visible(entity):
        if row["Id"] == entry_id:
            return as_json(200, {entity: row, "time": stamp()})
    raise entries.not_found(entity)


def _account(company: Company, incoming: Incoming) -> Answer:
    row = company.accounts.get(incoming.parts["id"])
    if row is None:
        raise entries.not_found("Account")
    return as_json(200, {"Account": row, "time": stamp()})


def _company_info(company: Company) -> Document:
    settings = company.settings
    return {
        "CompanyName": settings.name,
        "LegalName": settings.name,
        "Country": settings.country,
        "SupportedLanguages": "en",
        "FiscalYearStartMonth": "January",
        "NameValue": [{"Name": "OfferingSku", "Value": "QuickBooks Online Plus"}],
        "domain": "QBO",
        "sparse": False,
        "Id": "1",
        "SyncToken": "0",
    }


def _preferences(company: Company) -> Document:
    """BookCloseDate is there only when books are closed, and cannot be written."""
    settings = company.settings
    accounting: Document = {"FirstMonthOfFiscalYear": "January", "UseAccountNumbers": False}
    if settings.book_close_date is not None:
        accounting["BookCloseDate"] = settings.book_close_date.isoformat()
    warns = "true" if settings.warns_duplicate_journal_number else "false"
    return {
        "AccountingInfoPrefs": accounting,
        "CurrencyPrefs": {
            "MultiCurrencyEnabled": settings.multicurrency,
            "HomeCurrency": {"value": settings.currency},
        },
        "SalesFormsPrefs": {"CustomTxnNumbers": False},
        "OtherPrefs": {"NameValue": [{"Name": "WarnDuplicateJournalNumber", "Value": warns}]},
        "domain": "QBO",
        "sparse": False,
        "Id": "1",
        "SyncToken": "0",
    }


def _changes(company: Company, incoming: Incoming) -> Answer:
    """`GET /cdc?entities=Deposit,JournalEntry,Account&changedSince=`: deleted rows carry their status."""
    try:
        since = datetime.fromisoformat(incoming.query.get("changedSince", ""))
    except ValueError as error:
        raise FaultyError(Problem("4001", "Invalid query", "changedSince is not a date and time.")) from error
    if since.tzinfo is None:
        since = since.astimezone()
    responses: list[Document] = []
    for entity in incoming.query.get("entities", "").split(","):
        changed: list[Document] = []
        rows = company.accounts.values() if entity == "Account" else company.visible(entity)
        changed += [row for row in rows if _after(row["MetaData"]["LastUpdatedTime"], since)]
        for entry_id, deleted_at in company.deleted.get(entity, {}).items():
            if _after(deleted_at, since):
                changed.append(
                    {"domain": "QBO", "status": "Deleted", "Id": entry_id, "MetaData": {"LastUpdatedTime": deleted_at}}
                )
        page = changed[:1000]
        responses.append({entity: page, "startPosition": 1, "maxResults": len(page)} if page else {})
    return as_json(200, {"CDCResponse": [{"QueryResponse": responses}], "time": stamp()})


def _after(text: str, since: datetime) -> bool:
    return datetime.fromisoformat(text) >= since


OTHERS: dict[str, Callable[[Company, Incoming], Answer]] = {
    "account/{id}": _account,
    "companyinfo/{id}": lambda company, _: as_json(200, {"CompanyInfo": _company_info(company), "time": stamp()}),
    "preferences": lambda company, _: as_json(200, {"Preferences": _preferences(company), "time": stamp()}),
    "cdc": _changes,
}
"""What a caller may read beside entries, by its path below the company's."""
