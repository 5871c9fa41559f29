"""What the listed entries come to: by target and kind of money, never one figure for different things. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from schemas.plan import PartKey
from schemas.vocabulary import BALANCE_KINDS, CHARGES, PAYOUT_KINDS, EntryKind
from sinks.operations.queries.transactions import Transaction
from sinks.operations.words.systems import system_label


class Money(StrEnum):
    """What an entry moves. The patient's money, what the patient owes, and the practice's bank are added up apart."""

    PAYMENTS = "payments"
    """With their fee adjustments and everything that takes money back or gives it again: toward the balance (R-15)."""
    CHARGES = "charges"
    WRITE_OFFS = "write-offs"
    PAYOUTS = "payouts"


_KINDS: Final[dict[Money, frozenset[EntryKind]]] = {
    Money.PAYMENTS: BALANCE_KINDS,
    Money.CHARGES: CHARGES,
    Money.WRITE_OFFS: frozenset({EntryKind.WRITE_OFF}),
    Money.PAYOUTS: PAYOUT_KINDS,
}
"""The other kinds lay out, describe or attach what one of these moves."""
_MONEY_OF: Final = {kind.value: money for money, kinds in _KINDS.items() for kind in kinds}


class Sum(msgspec.Struct, frozen=True):
    """Minor units with the practice's cash sign (M-3)."""

    state: str
    target: str
    money: Money
    currency: str
    entries: int
    amount_minor: int

    @property
    def label(self) -> str:
        return f"{system_label(self.target)} {self.money}"


def sums_of(transactions: Iterable[Transaction]) -> tuple[Sum, ...]:
    """By state, target, kind of money and currency."""
    found: dict[tuple[str, str, Money, str], tuple[int, int]] = {}
    for each in transactions:
        money = _money_of(each)
        if money is None or each.target is None or each.amount_minor is None or each.currency is None:
            continue
        key = (each.state, each.target, money, each.currency)
        count, minor = found.get(key, (0, 0))
        found[key] = (count + 1, minor + each.amount_minor)
    order = list(Money)
    keys = sorted(found, key=lambda key: (key[0], key[1], order.index(key[2]), key[3]))
    return tuple(Sum(*key, *found[key]) for key in keys)


def _money_of(each: Transaction) -> Money | None:
    """A reversal moves what it reverses: its part begins with that kind."""
    kind: str | None = each.entry_kind
    if kind == EntryKind.REVERSAL:
        kind = PartKey.parse(each.part or "").reverses
    return _MONEY_OF.get(kind or "")
