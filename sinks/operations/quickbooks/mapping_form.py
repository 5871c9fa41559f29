"""The mapping of accounts as a form: each field with the accounts that may stand in it, the proposal, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from schemas.events import PaymentKind, PayoutCategory
from sinks.operations.quickbooks.map_accounts import Mapped
from sinks.targets.quickbooks.connection_test import account_check
from sinks.targets.quickbooks.mapping import Accounts, Booking, Detail, Form

_ACCOUNTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "bank": "Bank account that payouts reach",
        "fees": "The processor's fees",
        "income": "Income from patients",
        "clearing": "Clearing account that the day sheet fills",
        "uncategorised": "What has no account of its own",
        "refunds": "Refunds",
        "returns": "Payments that came back",
        "disputes": "Disputes",
        "reserve": "Reserve that the processor holds",
        "carried": "Balances that are carried over",
        "adjustments": "The processor's adjustments",
        "loan": "A lender's advance",
    }
)
_CHOSEN: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = MappingProxyType(
    {
        "booking": (
            "Gross amounts are booked",
            {Booking.REVENUE.value: "as income", Booking.CLEARING.value: "against the clearing account"},
        ),
        "form": (
            "A payout is written as",
            {Form.DEPOSIT.value: "a deposit", Form.JOURNAL_ENTRY.value: "a journal entry"},
        ),
        "detail": (
            "Its lines are",
            {Detail.PER_ITEM.value: "one for each transaction", Detail.BY_KIND.value: "sums by kind"},
        ),
    }
)
START: Final = "start_date"


class AccountField(msgspec.Struct, frozen=True, kw_only=True):
    """One field with what may stand in it."""

    name: str
    label: str
    group: str
    """Of which heading; "" for what every company has."""
    options: tuple[tuple[str, str], ...]
    value: str
    reason: str
    problem: str
    """Why it cannot be stored so; "" where it can."""


def account_fields(mapped: Mapped) -> tuple[AccountField, ...]:
    """Of a preview, in the order of a form. Empty where the company's lists were not read."""
    return tuple(_all(mapped)) if mapped.lists is not None else ()


def changes_of(typed: Mapping[str, str]) -> tuple[str, ...]:
    """`FIELD=VALUE` for each field that somebody chose or emptied, as `map_accounts` takes them."""
    return tuple(f"{name}={value}" for name, value in typed.items())


def field_names() -> tuple[str, ...]:
    """Of every field of the form."""
    return (
        *_CHOSEN,
        START,
        *(f"accounts.{each}" for each in Accounts.__struct_fields__),
        *(f"income_by_kind.{each}" for each in _kinds()),
        *(f"fees_by_category.{each}" for each in _categories()),
        "class_id",
        "department_id",
    )


def _kinds() -> tuple[str, ...]:
    return tuple(each.value for each in PaymentKind if each.name != "UNKNOWN")


def _categories() -> tuple[str, ...]:
    return tuple(each.value for each in PayoutCategory if each.name != "UNKNOWN")


def _all(mapped: Mapped) -> Iterator[AccountField]:
    standing = {each.field: each for each in mapped.fields}
    values = {name: each.value for name, each in standing.items()}
    missing = {each.field: each.reason for each in mapped.open}
    for name, (label, words) in _CHOSEN.items():
        yield _field(name, label, "", tuple(words.items()), values.get(name) or next(iter(words)), "", "")
    form = Form(values.get("form") or Form.DEPOSIT.value)
    for name in field_names():
        group, dot, key = name.partition(".")
        if not dot:
            continue
        known = standing.get(name)
        label = _ACCOUNTS.get(key, key) if group == "accounts" else key
        yield _field(
            name,
            label,
            {"accounts": "", "income_by_kind": "Income by the kind of payment"}.get(group, "Fees by their kind"),
            _accounts(mapped, name, form),
            values.get(name, ""),
            known.why if known is not None else "",
            (known.problem if known is not None else "") or missing.get(name, ""),
        )
    if mapped.lists is not None:
        for name, label, known_ones in (
            ("class_id", "Class", mapped.lists.classes),
            ("department_id", "Location", mapped.lists.departments),
        ):
            problem = standing[name].problem if name in standing else ""
            yield _field(name, label, "", tuple(known_ones.items()), values.get(name, ""), "", problem)


def _accounts(mapped: Mapped, name: str, form: Form) -> tuple[tuple[str, str], ...]:
    """Those that may stand there, by name."""
    accounts = {} if mapped.lists is None else mapped.lists.accounts
    fitting = [each for number, each in accounts.items() if account_check(name, number, accounts, form)[1]]
    return tuple((each.account_id, f"{each.name} ({each.type})") for each in sorted(fitting, key=lambda a: a.name))


def _field(
    name: str,
    label: str,
    group: str,
    options: tuple[tuple[str, str], ...],
    value: str,
    reason: str,
    problem: str,
) -> AccountField:
    return AccountField(
        name=name, label=label, group=group, options=options, value=value, reason=reason, problem=problem
    )
