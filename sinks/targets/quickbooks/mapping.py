"""The mapping of a connection: accounts, form and detail (QB-2, QB-3, QB-13); a company may be connected before it."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from schemas.events import PaymentKind, PayoutCategory
from sinks.targets.mapping_error import MappingError

Last4 = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}$")]

AccountId = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,20}$")]
"""QuickBooks ids are digits; anything else is an account's name put where its id belongs."""

RealmId = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,32}$")]
CompanyName = Annotated[str, msgspec.Meta(max_length=200)]

TOKEN_URL = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"  # noqa: S105  (an address, not a secret)
PER_ITEM_LIMIT = 200
"""Above this many transactions a document is condensed (P-22): larger ones slow a company's file."""


class Form(StrEnum):
    DEPOSIT = "DEPOSIT"
    JOURNAL_ENTRY = "JOURNAL_ENTRY"


class Detail(StrEnum):
    PER_ITEM = "PER_ITEM"
    BY_KIND = "BY_KIND"


class Booking(StrEnum):
    """Where gross goes: REVENUE books income; CLEARING empties the account that the day sheet filled (P-14, P-20)."""

    REVENUE = "REVENUE"
    CLEARING = "CLEARING"


class Accounts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Account ids by role. `uncategorised` takes what no other account is mapped for, so nothing is dropped (P-3)."""

    bank: AccountId
    fees: AccountId
    uncategorised: AccountId
    income: AccountId | None = None
    clearing: AccountId | None = None
    refunds: AccountId | None = None
    returns: AccountId | None = None
    disputes: AccountId | None = None
    reserve: AccountId | None = None
    """An Other Current Asset; also takes carried balances unless `carried` is given (P-18)."""
    carried: AccountId | None = None
    adjustments: AccountId | None = None
    loan: AccountId | None = None
    """A liability: what a lender advanced through a payout, and what payouts give back of it (P-26)."""


class ConnectedCompany(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A company that is connected and not mapped yet: nothing is written to it (P-15)."""

    realm_id: RealmId
    token_url: str = TOKEN_URL
    company_name: CompanyName = ""
    """As QuickBooks said it when it was connected, so that people see which company it is."""


class QuickBooksMapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A connection's settings without its secrets; `load_mapping` makes it and checks what types cannot say."""

    realm_id: RealmId
    token_url: str = TOKEN_URL
    company_name: CompanyName = ""
    start_date: date | None = None
    """The first arrival date that is written: payouts before it were booked by hand. None: every payout."""
    form: Form = Form.DEPOSIT
    detail: Detail = Detail.PER_ITEM
    per_item_limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = PER_ITEM_LIMIT
    booking: Booking = Booking.REVENUE
    accounts: Accounts
    banks: dict[Last4, AccountId] = {}
    """The bank account by the last four digits of its number (P-24). Empty: `accounts.bank` takes every payout; else it
    takes those that name none, and one that names another is held."""
    income_by_kind: dict[PaymentKind, AccountId] = {}
    fees_by_kind: dict[str, AccountId] = {}
    """By the upstream's fee kind. Only names that stand here are ever written into a description."""
    fees_by_category: dict[PayoutCategory, AccountId] = {}
    class_id: AccountId | None = None
    department_id: AccountId | None = None

    def base_account(self, kind: PaymentKind | None) -> str | None:
        """The account that a collected gross amount belongs to; None when the mapping lacks it."""
        if self.booking is Booking.CLEARING:
            return self.accounts.clearing
        if kind is not None and kind in self.income_by_kind:
            return self.income_by_kind[kind]
        return self.accounts.income

    def bank_of(self, last4: str | None) -> str | None:
        """The bank account that a payout reached; None where others are mapped and that one is not (P-24)."""
        if last4 is None or not self.banks:
            return self.accounts.bank
        return self.banks.get(last4)

    def mapped_accounts(self) -> dict[str, str]:
        """Every mapped account id by the path of its field, for `target test`."""
        found = {f"accounts.{name}": value for name, value in msgspec.structs.asdict(self.accounts).items() if value}
        found |= {f"banks.{last4}": value for last4, value in self.banks.items()}
        found |= {f"income_by_kind.{kind}": value for kind, value in self.income_by_kind.items()}
        found |= {f"fees_by_kind.{kind}": value for kind, value in self.fees_by_kind.items()}
        return found | {f"fees_by_category.{kind}": value for kind, value in self.fees_by_category.items()}


def is_bank(path: str) -> bool:
    """Whether a mapping's field names a bank account."""
    return path == "accounts.bank" or path.startswith("banks.")


def load_config(config: object) -> QuickBooksMapping | ConnectedCompany:
    """What a connection's JSON object says: its mapping, or the company alone where no account is mapped. Raises
    MappingError with the field's name."""
    if isinstance(config, dict) and "accounts" not in config:
        try:
            return msgspec.convert(config, ConnectedCompany, strict=True)
        except msgspec.ValidationError as error:
            raise MappingError(f"{error}; with other fields than the company's, accounts are needed") from error
    return load_mapping(config)


def load_mapping(config: object) -> QuickBooksMapping:
    """The mapping from a connection's stored or given JSON object. Raises MappingError with the field's name."""
    try:
        mapping = msgspec.convert(config, QuickBooksMapping, strict=True)
    except msgspec.ValidationError as error:
        raise MappingError(str(error)) from error
    needed = "clearing" if mapping.booking is Booking.CLEARING else "income"
    if getattr(mapping.accounts, needed) is None:
        raise MappingError(f"accounts.{needed}: needed while booking is {mapping.booking.value}")
    lines = {value for path, value in mapping.mapped_accounts().items() if not is_bank(path)}
    for path, value in mapping.mapped_accounts().items():
        if is_bank(path) and value in lines:
            raise MappingError(f"{path}: the bank account cannot also be the account of a line")
    return mapping


def dump_mapping(mapping: QuickBooksMapping | ConnectedCompany) -> dict[str, Any]:
    """The JSON object to store; `load_config` reads it back equal."""
    built: dict[str, Any] = msgspec.to_builtins(mapping)
    return built
