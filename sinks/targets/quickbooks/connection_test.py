"""Checks a mapping against a company's accounts, for `writeback target test`: pure, from what was read (P-15, B-6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Final

from schemas.vocabulary import ConnectionReason
from sinks.targets.port import ConnectionReport, ReadFailed
from sinks.targets.quickbooks.company_cache import Account
from sinks.targets.quickbooks.find_entries import Row
from sinks.targets.quickbooks.mapping import ConnectedCompany, Form, QuickBooksMapping, is_bank

BANKS: Final = frozenset({"Bank", "Other Current Asset"})
DEPOSIT_LINES: Final = frozenset(
    {
        "Income",
        "Other Income",
        "Expense",
        "Other Expense",
        "Other Current Asset",
        "Equity",
        "Cost of Goods Sold",
    }
)
"""Documented for the lines of a Deposit (README section 4); Bank and liabilities are not."""
NEVER: Final = frozenset({"Accounts Receivable", "Accounts Payable", "Non-Posting"})
HELD: Final = frozenset({"accounts.reserve", "accounts.carried"})
LIABILITIES: Final = frozenset({"Other Current Liability", "Long Term Liability"})

_HELP: Final = {
    ConnectionReason.NEEDS_RECONNECT: "connect QuickBooks again as an admin and give the new secrets",
    ConnectionReason.WRONG_COMPANY: "the token belongs to another company than realm_id, or to other keys",
    ConnectionReason.UNREACHABLE: "check the base URL and that this machine reaches it",
    ConnectionReason.TARGET_DOWN: "QuickBooks is not answering; test again in some minutes",
    ConnectionReason.THROTTLED: "too many requests are waiting; test again in a minute",
    ConnectionReason.SUBSCRIPTION_ENDED: "update the company's billing in QuickBooks",
}

_NOT_MAPPED: Final = "no account is mapped yet, so nothing is written: choose them with `writeback quickbooks map`"

Check = tuple[str, bool, str]


def report(
    mapping: QuickBooksMapping | ConnectedCompany,
    company: ReadFailed | None,
    accounts: Mapping[str, Account] | ReadFailed,
    closed_through: date | None,
    names: Mapping[str, Sequence[Row] | ReadFailed] = MappingProxyType({}),
) -> ConnectionReport:
    """Each check with what to do when it failed; ok only if all passed."""
    checks = [_read_check("company and token", company)]
    if company is None:
        checks.append(_read_check("chart of accounts", accounts if isinstance(accounts, ReadFailed) else None))
    if isinstance(mapping, ConnectedCompany):
        checks.append(("mapping", False, _NOT_MAPPED))
        return ConnectionReport(ok=False, checks=tuple(checks))
    if not isinstance(accounts, ReadFailed) and company is None:
        checks += [account_check(path, number, accounts, mapping.form) for path, number in _mapped(mapping)]
    for entity, rows in names.items():
        field, value = further_lists(mapping)[entity]
        checks.append(_name_check(entity, field, value, rows))
    if closed_through is not None:
        checks.append(("books", True, f"closed through {closed_through.isoformat()}: such payouts wait for a person"))
    return ConnectionReport(ok=all(passed for _, passed, _ in checks), checks=tuple(checks))


def further_lists(mapping: QuickBooksMapping | ConnectedCompany) -> dict[str, tuple[str, str]]:
    """The lists beside the chart that this mapping names something of: entity → field and id. Pure."""
    found: dict[str, tuple[str, str]] = {}
    if isinstance(mapping, ConnectedCompany):
        return found
    if mapping.class_id is not None:
        found["Class"] = ("class_id", mapping.class_id)
    if mapping.department_id is not None:
        found["Department"] = ("department_id", mapping.department_id)
    return found


def _name_check(entity: str, field: str, value: str, rows: Sequence[Row] | ReadFailed) -> Check:
    what = "class" if entity == "Class" else "location"
    if isinstance(rows, ReadFailed):
        return (
            field,
            False,
            f"this company's {what} list cannot be read ({rows.code}): leave {field} out, or test again",
        )
    known = any(str(row.get("Id")) == value for row in rows)
    return (
        field,
        known,
        "" if known else f"{value} is no active {what} of this company: choose another, or leave it out",
    )


def _mapped(mapping: QuickBooksMapping) -> list[tuple[str, str]]:
    return sorted(mapping.mapped_accounts().items())


def _read_check(name: str, failed: ReadFailed | None) -> Check:
    if failed is None:
        return (name, True, "")
    known = _HELP.get(failed.reason) if failed.reason is not None else None
    return (name, False, known or f"QuickBooks answered {failed.code}; test again")


def account_check(path: str, number: str, accounts: Mapping[str, Account], form: Form) -> Check:
    """Whether the account may stand in the field `path` while documents have this form, and what to do if not. Pure."""
    account = accounts.get(number)
    if account is None:
        return (path, False, f"account {number} is not in the chart or inactive: make it active or choose another")
    if is_bank(path):
        return (path, account.type in BANKS, f"account {number} is no bank account: choose a Bank account")
    if path in HELD:
        right = account.type == "Other Current Asset"
        return (path, right, f"account {number} must be an Other Current Asset, never income or expense")
    if path == "accounts.loan":
        return (path, account.type in LIABILITIES, f"account {number} is no liability: a loan is given back")
    if account.type in NEVER:
        return (path, False, f"account {number} needs a customer or vendor: choose no receivable or payable")
    if form is Form.DEPOSIT and account.type not in DEPOSIT_LINES:
        return (path, False, f"a deposit takes no {account.type} account: choose another, or form JOURNAL_ENTRY")
    return (path, True, "")
