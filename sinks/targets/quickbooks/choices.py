"""Lists the accounts that a mapping can name, and in which field: pure, from the company's chart (SET-12, RD-6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sinks.targets.choices import Choice
from sinks.targets.quickbooks.company_cache import Account
from sinks.targets.quickbooks.connection_test import account_check
from sinks.targets.quickbooks.mapping import Accounts, ConnectedCompany, Form, QuickBooksMapping

FIELDS: Final = (
    *(f"accounts.{name}" for name in Accounts.__struct_fields__),
    "banks.…",
    "income_by_kind.…",
    "fees_by_kind.…",
    "fees_by_category.…",
)
"""Every field that names an account; `…` stands for a key."""


def account_choices(mapping: QuickBooksMapping | ConnectedCompany, accounts: Iterable[Account]) -> list[Choice]:
    """Active accounts by type and name, each with the fields in which `target test` would let it stand."""
    mapped, form = (
        ({}, Form.DEPOSIT) if isinstance(mapping, ConnectedCompany) else (mapping.mapped_accounts(), mapping.form)
    )
    return [
        Choice(
            kind="account",
            value=account.account_id,
            name=account.name,
            detail=account.type,
            fields=tuple(
                field
                for field in FIELDS
                if account_check(field, account.account_id, {account.account_id: account}, form)[1]
            ),
            chosen=tuple(field for field, number in mapped.items() if number == account.account_id),
        )
        for account in sorted(accounts, key=lambda each: (each.type, each.name))
    ]
