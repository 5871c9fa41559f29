"""The control path of QuickBooks: companies, their tokens, chart and entries. For tests and demos only."""

from __future__ import annotations

import msgspec

from deploy.sandbox.exchange import Answer, as_json
from deploy.sandbox.quickbooks.companies import Companies
from deploy.sandbox.quickbooks.company import CHART, Company, CompanySettings, account_row
from deploy.sandbox.quickbooks.shapes import stamp

TABLES = {"deposits": "Deposit", "journal_entries": "JournalEntry"}


def answer(companies: Companies, method: str, path: str, body: bytes) -> Answer | None:
    """`/companies`, `/companies/{realm}`, `/companies/{realm}/{part}`."""
    parts = path.strip("/").split("/")
    if parts[0] != "companies" or len(parts) > 4:
        return None
    if len(parts) == 1:
        if method == "POST":
            return _open(companies, msgspec.json.decode(body, type=CompanySettings))
        return as_json(200, [c.settings for c in companies.by_realm.values()])
    company = companies.by_realm[parts[1]]
    if len(parts) == 2:
        if method == "PATCH":
            changed = {**msgspec.to_builtins(company.settings), **msgspec.json.decode(body)}
            companies.open(msgspec.convert(changed, CompanySettings))
        return as_json(200, company.settings)
    if method == "GET":
        return _table(companies, company, parts[2])
    if parts[2] == "accounts":
        return _change_account(company, body)
    return _tokens(companies, company.settings.realm, parts[2:])


def _open(companies: Companies, settings: CompanySettings) -> Answer:
    """A new company gets the standard chart and one connection, whose tokens are answered here."""
    is_new = settings.realm not in companies.by_realm
    company = companies.open(settings)
    if is_new:
        for entry in CHART:
            company.put_account(account_row(entry, settings.currency))
        return as_json(201, companies.tokens.connect(settings.realm))
    return as_json(200, {})


def _table(companies: Companies, company: Company, part: str) -> Answer | None:
    if part in TABLES:
        return as_json(200, list(company.entities[TABLES[part]].values()))
    if part == "accounts":
        return as_json(200, list(company.accounts.values()))
    if part == "tokens":
        return as_json(200, companies.tokens.connections[company.settings.realm])
    return None


def _change_account(company: Company, body: bytes) -> Answer:
    """Adds an account, or changes fields of the one whose Id is given; a deactivated name gets its suffix."""
    wanted = msgspec.json.decode(body)
    known = company.accounts.get(wanted.get("Id", ""))
    if known is None:
        entry = (company.next_id(), wanted.get("Name", "New Account"), wanted.get("AccountType", "Bank"), "")
        known = account_row(entry, company.settings.currency)
    row = {**known, **wanted}
    row["MetaData"] = {**known["MetaData"], "LastUpdatedTime": stamp()}
    if known["Active"] and not row["Active"]:
        row["Name"] = f"{row['Name']} (deleted)"
    if not known["Active"] and row["Active"]:
        row["Name"] = row["Name"].removesuffix(" (deleted)")
    company.put_account(row)
    return as_json(201, row)


def _tokens(companies: Companies, realm: str, action: list[str]) -> Answer | None:
    """`tokens/connect`, `tokens/expire`, `tokens/revoke`, `tokens/code`."""
    match action:
        case ["tokens", "connect"]:
            return as_json(201, companies.tokens.connect(realm))
        case ["tokens", "expire"]:
            companies.tokens.expire_access(realm)
            return as_json(200, {})
        case ["tokens", "revoke"]:
            companies.tokens.revoke(realm)
            return as_json(200, {})
        case ["tokens", "code"]:
            return as_json(201, {"code": companies.tokens.code_for(realm)})
    return None
