"""Proposes a mapping from a company's chart of accounts: each account with the reason for it, and no guess without one.

Pure. A field is proposed where exactly one active account fits by type and by name or subtype; where several fit, or
none, a person chooses, and is told between which.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from sinks.targets.quickbooks.company_cache import Account
from sinks.targets.quickbooks.connection_test import LIABILITIES
from sinks.targets.quickbooks.mapping import Booking

_INCOME: Final = frozenset({"Income", "Other Income"})
_COSTS: Final = frozenset({"Expense", "Other Expense", "Cost of Goods Sold"})
_ASSET: Final = frozenset({"Other Current Asset"})
_ANY_LINE: Final = _INCOME | _COSTS


class Proposed(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in a field, or between what a person has to choose."""

    field: str
    account_id: str | None
    reason: str
    needed: bool
    """Without it no payout can be written."""


class _Test(msgspec.Struct, frozen=True):
    """One way to recognise an account, and how it is said."""

    said: str
    pattern: re.Pattern[str] | None = None
    subtypes: frozenset[str] = frozenset()
    unless: re.Pattern[str] | None = None

    def fits(self, account: Account) -> bool:
        if self.unless is not None and self.unless.search(account.name):
            return False
        by_name = self.pattern is None or self.pattern.search(account.name) is not None
        return by_name and (not self.subtypes or account.subtype in self.subtypes)


class _Rule(msgspec.Struct, frozen=True):
    field: str
    types: frozenset[str]
    tests: tuple[_Test, ...]
    """The first that fits any account decides."""
    needed: bool = False


def _named(words: str, unless: str | None = None, said: str | None = None) -> _Test:
    barred = None if unless is None else re.compile(unless, re.IGNORECASE)
    shown = said or words.replace("|", ", ")
    return _Test(f"by its name ({shown})", re.compile(words, re.IGNORECASE), unless=barred)


_FEE: Final = r"\bfees?\b|\bcharges?\b|\bcosts?\b|\bexpenses?\b"
_CARD_FEE: Final = "merchant|card processing|processing fee|credit card fee|payment fee"
_OF_SOMETHING: Final = (
    "refund|discount|allowance|adjustment|uncategori|unapplied|interest|membership|insurance|other|billable"
)
_RULES: Final = (
    _Rule(
        "accounts.bank",
        frozenset({"Bank"}),
        (
            _Test("the only bank account"),
            _Test("the only checking account", subtypes=frozenset({"Checking"})),
            _named("operating", "payroll|savings|trust"),
        ),
        needed=True,
    ),
    _Rule(
        "accounts.fees",
        _COSTS,
        (
            _named(_CARD_FEE, "dispute|chargeback|platform"),
            _Test("the only account for bank charges", subtypes=frozenset({"BankCharges"})),
        ),
        needed=True,
    ),
    _Rule(
        "accounts.uncategorised",
        _ANY_LINE,
        (
            _named("uncategori|ask my accountant|suspense|unclassified"),
            _named("^other .*income$|^other income", said="other income"),
        ),
        needed=True,
    ),
    _Rule("accounts.refunds", _ANY_LINE, (_named("refund", _FEE),)),
    _Rule("accounts.returns", _ANY_LINE, (_named("returned|nsf|bounced", _FEE),)),
    _Rule("accounts.disputes", _ANY_LINE, (_named("dispute|chargeback", _FEE),)),
    _Rule("accounts.reserve", _ASSET, (_named("reserve|holdback"),)),
    _Rule("accounts.carried", _ASSET, (_named("carried|negative balance"),)),
    _Rule("accounts.adjustments", _ANY_LINE, (_named("processor adjustment|payout adjustment"),)),
    _Rule("accounts.loan", LIABILITIES, (_named("merchant loan|capital|advance|loan", "mortgage|vehicle|car loan"),)),
    _Rule("income_by_kind.MEMBERSHIP", _INCOME, (_named("membership"),)),
    _Rule("income_by_kind.INSURANCE", _INCOME, (_named("insurance"),)),
    _Rule(
        "fees_by_category.DISPUTE_FEE",
        _COSTS,
        (_named(r"(dispute|chargeback)s? (fee|charge|cost)", said="dispute fee, chargeback fee"),),
    ),
    _Rule("fees_by_category.MONTHLY_FEE", _COSTS, (_named("platform|software subscription|monthly fee"),)),
)
_REVENUE: Final = _Rule(
    "accounts.income",
    _INCOME,
    (
        _named(
            "patient|dental (income|services|fees|revenue)|production|collections",
            "refund|discount|allowance",
            said="patient, dental income, production, collections",
        ),
        _Test("the only income account that is for nothing special", unless=re.compile(_OF_SOMETHING, re.IGNORECASE)),
    ),
    needed=True,
)
_CLEARING: Final = _Rule("accounts.clearing", _ASSET, (_named("clearing|undeposited|in transit"),), needed=True)


def propose(accounts: Mapping[str, Account], booking: Booking, currency: str) -> tuple[Proposed, ...]:
    """Every field that an account could stand in, the needed ones first. Accounts of another currency are left out."""
    usable = [each for each in accounts.values() if each.currency in (None, currency)]
    main = _CLEARING if booking is Booking.CLEARING else _REVENUE
    found = [_proposed(rule, usable) for rule in (*_RULES[:2], main, *_RULES[2:])]
    taken = {each.account_id for each in found if each.field == "accounts.bank"}
    shown = [each for each in found if each.needed or each.account_id is not None]
    return tuple(
        msgspec.structs.replace(each, account_id=None, reason="it is the bank account: choose another")
        if each.field != "accounts.bank" and each.account_id is not None and each.account_id in taken
        else each
        for each in shown
    )


def _proposed(rule: _Rule, accounts: Sequence[Account]) -> Proposed:
    of_type = [each for each in accounts if each.type in rule.types]
    for test in rule.tests:
        fitting = [each for each in of_type if test.fits(each)]
        if len(fitting) == 1:
            return _line(rule, fitting[0].account_id, f"{test.said}; {fitting[0].type}")
        if len(fitting) > 1 and test.pattern is not None:
            names = ", ".join(f"{each.name} ({each.account_id})" for each in fitting[:5])
            return _line(rule, None, f"several fit {test.said}: {names}; choose one")
    names = ", ".join(f"{each.name} ({each.account_id})" for each in of_type[:5])
    return _line(rule, None, f"none is recognised: choose one, such as {names}" if names else "the chart has none")


def _line(rule: _Rule, account_id: str | None, reason: str) -> Proposed:
    return Proposed(field=rule.field, account_id=account_id, reason=reason, needed=rule.needed)
