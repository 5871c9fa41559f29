"""What entries come to: by target and kind of money, never one figure for different things."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from schemas.plan import PartKey
from schemas.vocabulary import BALANCE_KINDS, CHARGES, PAYOUT_KINDS, EntryKind
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all
from sinks.operations.ledger import Connection
from sinks.operations.queries.transaction_filter import Place, Wanted
from sinks.operations.queries.transaction_keys import keys_of, looked_for
from sinks.operations.queries.transactions import Transaction
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from sinks.operations.words.systems import system_label


class Money(StrEnum):
    """What an entry moves. The patient's money, what the patient owes, and the practice's bank are added up apart."""

    PAYMENTS = "payments"
    """With their fee adjustments and everything that takes money back or gives it again: toward the balance (R-15)."""
    CHARGES = "charges"
    WRITE_OFFS = "write-offs"
    PAYOUTS = "payouts"


KINDS_OF: Final[dict[Money, frozenset[EntryKind]]] = {
    Money.PAYMENTS: BALANCE_KINDS,
    Money.CHARGES: CHARGES,
    Money.WRITE_OFFS: frozenset({EntryKind.WRITE_OFF}),
    Money.PAYOUTS: PAYOUT_KINDS,
}
"""The other kinds lay out, describe or attach what one of these moves."""
_SQL: Final = named_queries("sinks.operations.queries", "transactions.sql")
SCAN: Final = 5_000
"""Events of one statement: a sum is read in some of them, and none runs long."""
_MONEY_OF: Final = {kind.value: money for money, kinds in KINDS_OF.items() for kind in kinds}


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


class KindSum(msgspec.Struct, frozen=True):
    """Of all rows that a filter finds, the same state, target, kind of entry, payment and tender. Minor units with the
    practice's cash sign; what a person entered counts, where it was another amount. None: an event without entries."""

    state: str
    target: str | None
    moves: str | None
    """The kind of entry; of a reversal, of what it takes back."""
    payment_kind: str | None
    tender: str | None
    currency: str | None
    entries: int
    amount_minor: int

    @property
    def money(self) -> Money | None:
        return _MONEY_OF.get(self.moves or "")


@sees(View.TRANSACTIONS, practice="wanted.practice_id")
def all_sums(connection: Connection, wanted: Wanted) -> tuple[KindSum, ...]:
    """What everything that matches comes to, however long its listing is; `most` has no meaning here.

    Blocks for two statements with every SCAN events that are looked at. ConfigurationError for an unknown practice.
    """
    looked = looked_for(connection, wanted)
    found: dict[tuple[str | None, ...], KindSum] = {}
    after: Place | None = None
    while True:
        scanned = SCAN if after is None else SCAN + 1  # the event at which the last part ended comes once more
        keys = keys_of(connection, looked, after, scanned)
        new = [each for each in keys if each != after]
        parameters = looked.filters | {
            "practice_ids": [each.practice_id for each in new],
            "sources": [each.source for each in new],
            "event_ids": [each.event_id for each in new],
        }
        for each in fetch_all(connection, KindSum, _SQL["sums"], parameters) if new else ():
            key = (each.state, each.target, each.moves, each.payment_kind, each.tender, each.currency)
            found[key] = _added(found.get(key), each)
        if len(keys) < scanned:
            return tuple(found[key] for key in sorted(found, key=lambda key: tuple(part or "" for part in key)))
        after = keys[-1]


def _added(first: KindSum | None, second: KindSum) -> KindSum:
    if first is None:
        return second
    return msgspec.structs.replace(
        second, entries=first.entries + second.entries, amount_minor=first.amount_minor + second.amount_minor
    )


def sums_of(transactions: Iterable[Transaction]) -> tuple[Sum, ...]:
    """By state, target, kind of money and currency; what a person entered counts, where it was another amount."""
    found: dict[tuple[str, str, Money, str], tuple[int, int]] = {}
    for each in transactions:
        money = money_of(each.entry_kind, each.part)
        if money is None or each.target is None or each.amount_minor is None or each.currency is None:
            continue
        key = (each.state, each.target, money, each.currency)
        count, minor = found.get(key, (0, 0))
        found[key] = (count + 1, minor + (each.amount_minor if each.entered_minor is None else each.entered_minor))
    order = list(Money)
    keys = sorted(found, key=lambda key: (key[0], key[1], order.index(key[2]), key[3]))
    return tuple(Sum(*key, *found[key]) for key in keys)


def money_of(entry_kind: str | None, part: str | None) -> Money | None:
    """What an entry moves. A reversal moves what it reverses: its part begins with that kind. Pure."""
    kind: str | None = entry_kind
    if kind == EntryKind.REVERSAL:
        kind = PartKey.parse(part or "").reverses
    return _MONEY_OF.get(kind or "")
