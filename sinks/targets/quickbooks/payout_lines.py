"""A payout as signed lines over accounts: gross and fee apart, nothing dropped, exact (P-1, P-3, P-4, P-6,
P-22, P-25, P-26).

A line's amount is the bank's view: > 0 adds to the deposit (a credit of its account), < 0 takes from it (a debit).
The lines of a payout sum to its net, whatever form the document takes.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from schemas.events import PaymentKind, PayoutCategory
from schemas.plan import Instruction, PayoutLine
from sinks.targets.quickbooks.mapping import Booking, Detail, QuickBooksMapping

DESCRIPTION_LIMIT = 4000
"""Longest `Line.Description` that QuickBooks takes (README section 4)."""

_COLLECTED = frozenset({PayoutCategory.CHARGE})
_GIVEN_BACK = frozenset(
    {
        PayoutCategory.REFUND,
        PayoutCategory.REFUND_FAILED,
        PayoutCategory.RETURN,
        PayoutCategory.DISPUTE,
        PayoutCategory.DISPUTE_REVERSAL,
    }
)
_FEES = frozenset(
    {
        PayoutCategory.PROCESSING_FEE,
        PayoutCategory.MANAGEMENT_FEE,
        PayoutCategory.MONTHLY_FEE,
        PayoutCategory.DISPUTE_FEE,
    }
)
_HELD = frozenset({PayoutCategory.RESERVE_HOLD, PayoutCategory.RESERVE_RELEASE, PayoutCategory.BALANCE_CARRIED})

LOANS = frozenset({PayoutCategory.LOAN_ADVANCE, PayoutCategory.LOAN_REPAYMENT})
"""Booked to a liability of their own: a document with such a line is a JournalEntry (P-26)."""

_CATEGORY_WORDS = {category: category.value.replace("_", " ").capitalize() for category in PayoutCategory}
_KIND_WORDS = {
    PaymentKind.TERMINAL: "Terminal payment",
    PaymentKind.PAYMENT_PLAN: "Payment plan instalment",
    PaymentKind.INSURANCE: "Insurance payment",
    PaymentKind.MEMBERSHIP: "Membership payment",
    PaymentKind.COLLECTION: "Balance payment",
    PaymentKind.UNKNOWN: "Payment",
}


_Line = tuple[str, int, str]
"""Account, amount, text."""


class EntryLine(msgspec.Struct, frozen=True):
    """One line of the document."""

    account: str
    amount_minor: int
    description: str
    class_id: str | None = None
    department_id: str | None = None
    """Per line in a JournalEntry; a Deposit has one for all."""


class AccountMissingError(Exception):
    """The mapping has no account for an item and none may stand in; `field` is the mapping's field to fill."""

    def __init__(self, field: str) -> None:
        super().__init__(f"no account is mapped at {field}")
        self.field = field


class ItemsUnknownError(Exception):
    """A payout without items, and no clearing account that its money could come from (P-25)."""


def payout_lines(instruction: Instruction, mapping: QuickBooksMapping) -> tuple[EntryLine, ...]:
    """The document's lines without the bank's, of the mapped class and location.

    Raises AccountMissingError, and ItemsUnknownError where nobody can say what income the money is.
    """
    if not instruction.items_known:
        line = EntryLine(_clearing(mapping), instruction.amount_minor, f"{reference_of(instruction)} from clearing")
        return (msgspec.structs.replace(line, class_id=mapping.class_id, department_id=mapping.department_id),)
    condensed = mapping.detail is Detail.BY_KIND or len(instruction.lines) > mapping.per_item_limit
    make = _by_kind if condensed else _per_item
    return tuple(
        EntryLine(account, amount, text[:DESCRIPTION_LIMIT], mapping.class_id, mapping.department_id)
        for account, amount, text in make(instruction, mapping)
    )


def cancel_out(lines: tuple[EntryLine, ...]) -> bool:
    """Whether the lines come to nothing in every account, so that there is nothing to write (P-26). Pure."""
    moved: dict[str, int] = {}
    for line in lines:
        moved[line.account] = moved.get(line.account, 0) + line.amount_minor
    return not any(moved.values())


def _clearing(mapping: QuickBooksMapping) -> str:
    """A payout of unknown items is a transfer from the account that the day's collections filled."""
    if mapping.booking is not Booking.CLEARING or mapping.accounts.clearing is None:
        raise ItemsUnknownError
    return mapping.accounts.clearing


def reference_of(instruction: Instruction) -> str:
    """What a document calls its payout: a later version is another document under another reference (P-8)."""
    return f"{instruction.payment_ref}{f' v{instruction.version}' if instruction.version > 1 else ''}"


def _per_item(instruction: Instruction, mapping: QuickBooksMapping) -> Iterator[_Line]:
    for item in instruction.lines:
        reference = f"{reference_of(instruction)}-{item.number:02d}"
        if item.gross_minor:
            yield gross_account(item, mapping), item.gross_minor, f"{reference} {_words(item)}"
        for account, label, amount in fee_shares(item, mapping):
            if amount:
                yield account, -amount, f"{reference} {label}"


def _by_kind(instruction: Instruction, mapping: QuickBooksMapping) -> Iterator[_Line]:
    """One gross line per category and kind and one line per fee account and label, in order of first appearance."""
    gross: dict[tuple[str, str], list[int]] = {}
    fees: dict[tuple[str, str], int] = {}
    for item in instruction.lines:
        if item.gross_minor:
            total = gross.setdefault((gross_account(item, mapping), _words(item)), [0, 0])
            total[0] += item.gross_minor
            total[1] += 1
        for account, label, amount in fee_shares(item, mapping):
            fees[account, label] = fees.get((account, label), 0) + amount
    reference = reference_of(instruction)
    for (account, words), (amount, count) in gross.items():
        if amount:
            yield account, amount, f"{reference} {words} ({count})"
    for (account, label), amount in fees.items():
        if amount:
            yield account, -amount, f"{reference} {label}"


def gross_account(item: PayoutLine, mapping: QuickBooksMapping) -> str:
    """The account of an item's gross amount. Raises AccountMissingError where no other account may stand in (P-18)."""
    accounts = mapping.accounts
    if item.category in _COLLECTED:
        return mapping.base_account(item.kind) or accounts.uncategorised
    if item.category in _GIVEN_BACK:
        own = _given_back_account(item.category, mapping)
        if own is None and mapping.booking is Booking.CLEARING:
            own = accounts.clearing
        return own or accounts.uncategorised
    if item.category in _FEES:
        return mapping.fees_by_category.get(item.category, accounts.fees)
    if item.category in _HELD:
        carried = accounts.carried if item.category is PayoutCategory.BALANCE_CARRIED else None
        held = carried or accounts.reserve
        if held is None:
            raise AccountMissingError("accounts.reserve")
        return held
    if item.category in LOANS:
        if accounts.loan is None:
            raise AccountMissingError("accounts.loan")
        return accounts.loan
    if item.category is PayoutCategory.ADJUSTMENT:
        return accounts.adjustments or accounts.uncategorised
    return accounts.uncategorised


def _given_back_account(category: PayoutCategory, mapping: QuickBooksMapping) -> str | None:
    accounts = mapping.accounts
    if category in (PayoutCategory.DISPUTE, PayoutCategory.DISPUTE_REVERSAL):
        return accounts.disputes
    if category is PayoutCategory.RETURN:
        return accounts.returns or accounts.refunds
    return accounts.refunds


def fee_shares(item: PayoutLine, mapping: QuickBooksMapping) -> list[tuple[str, str, int]]:
    """An item's fee as (account, label, amount), one per account and mapped fee kind; the amounts sum to the fee."""
    own = _fee_account(item, mapping)
    shares: dict[tuple[str, str], int] = {}
    named = 0
    for kind, amount in item.fees:
        if kind in mapping.fees_by_kind:
            key = (mapping.fees_by_kind[kind], f"{kind} fee")
            shares[key] = shares.get(key, 0) + amount
            named += amount
    rest = item.fee_minor - named
    if rest:
        label = _CATEGORY_WORDS[item.category] if item.category in _FEES else "fee"
        shares[own, label] = shares.get((own, label), 0) + rest
    return [(account, label, amount) for (account, label), amount in shares.items()]


def _fee_account(item: PayoutLine, mapping: QuickBooksMapping) -> str:
    disputed = item.category in (PayoutCategory.DISPUTE, PayoutCategory.DISPUTE_REVERSAL)
    category = PayoutCategory.DISPUTE_FEE if disputed else item.category
    return mapping.fees_by_category.get(category, mapping.accounts.fees)


def _words(item: PayoutLine) -> str:
    if item.category in _COLLECTED:
        return _KIND_WORDS[item.kind or PaymentKind.UNKNOWN]
    return _CATEGORY_WORDS[item.category]
