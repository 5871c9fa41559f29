"""The control path of QuickBooks: companies, their tokens, chart and entries. For tests and demos only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import msgspec

from deploy.sandbox.control import CONTROL
from deploy.sandbox.exchange import Answer, Handle, Incoming, Route, as_json, decoded
from deploy.sandbox.quickbooks.companies import Companies
from deploy.sandbox.quickbooks.company import CHART, Company, CompanySettings, account_row
from deploy.sandbox.quickbooks.shapes import stamp

COMPANIES = f"{CONTROL}/companies"
ONE = COMPANIES + "/{realm}"
TABLES = {"deposits": "Deposit", "journal_entries": "JournalEntry", "attachments": "Attachable"}


def routes(companies: Companies) -> Iterator[Route]:
    """`/companies`, and of one company its settings, entries, accounts and tokens."""
    tokens = companies.tokens

    def of_company(handler: Callable[[Company, Incoming], Answer]) -> Handle:
        return lambda given: handler(companies.by_realm[given.parts["realm"]], given)

    def of_tokens(status: int, change: Callable[[str], object]) -> Handle:
        return lambda given: as_json(status, change(given.parts["realm"]) or {})

    yield Route("GET", COMPANIES, lambda _: as_json(200, [each.settings for each in companies.by_realm.values()]))
    yield Route(
        "POST", COMPANIES, lambda given: _open(companies, msgspec.json.decode(given.body, type=CompanySettings))
    )
    yield Route("PATCH", f"{CONTROL}/authorization", lambda given: _change_authorization(companies, given))
    yield Route("GET", ONE, of_company(lambda company, _: as_json(200, company.settings)))
    yield Route("PATCH", ONE, of_company(lambda company, given: _change_settings(companies, company, given)))
    for part, entity in TABLES.items():
        yield Route("GET", f"{ONE}/{part}", of_company(partial(_entries, entity)))
        yield Route("PATCH", f"{ONE}/{part}/{{id}}", of_company(partial(_edit, entity)))
    yield Route("GET", ONE + "/accounts", of_company(lambda company, _: as_json(200, list(company.accounts.values()))))
    yield Route("POST", ONE + "/accounts", of_company(lambda company, given: _change_account(company, given.body)))
    yield Route("GET", ONE + "/tokens", of_tokens(200, lambda realm: tokens.connections[realm]))
    yield Route("POST", ONE + "/tokens/connect", of_tokens(201, tokens.connect))
    yield Route("POST", ONE + "/tokens/expire", of_tokens(200, tokens.expire_access))
    yield Route("POST", ONE + "/tokens/revoke", of_tokens(200, tokens.revoke))
    yield Route("POST", ONE + "/tokens/code", of_tokens(201, lambda realm: {"code": tokens.code_for(realm)}))


def _change_settings(companies: Companies, company: Company, given: Incoming) -> Answer:
    changed = {**msgspec.to_builtins(company.settings), **msgspec.json.decode(given.body)}
    return as_json(200, companies.open(msgspec.convert(changed, CompanySettings)).settings)


def _change_authorization(companies: Companies, given: Incoming) -> Answer:
    """`pkce`, and endpoints that the discovery document then names (`endpoints`)."""
    changed = decoded(given.body)
    companies.authorization.pkce = bool(changed.get("pkce", False))
    companies.authorization.other_hosts = dict(changed.get("endpoints", {}))
    return as_json(200, {})


def _entries(entity: str, company: Company, _: Incoming) -> Answer:
    return as_json(200, list(company.entities[entity].values()))


def _edit(entity: str, company: Company, given: Incoming) -> Answer:
    """What a bookkeeper does: fields of one entry, or its end with an empty object. When it was made stays."""
    entry_id, changed = given.parts["id"], decoded(given.body)
    if changed:
        row = company.entities[entity][entry_id]
        stamps = {**row["MetaData"], "LastUpdatedTime": stamp()}
        company.put(entity, {**row, **changed, "MetaData": stamps, "SyncToken": str(int(row["SyncToken"]) + 1)})
    else:
        company.delete(entity, entry_id)
    return as_json(200, company.entities[entity].get(entry_id, {}))


def _open(companies: Companies, settings: CompanySettings) -> Answer:
    """A new company gets the standard chart and one connection, whose tokens are answered here."""
    is_new = settings.realm not in companies.by_realm
    company = companies.open(settings)
    if is_new:
        for entry in CHART:
            company.put_account(account_row(entry, settings.currency))
        return as_json(201, companies.tokens.connect(settings.realm))
    return as_json(200, {})


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
