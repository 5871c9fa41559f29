"""Finds our entries again: which rows are an entry, and what they are together (law 19, README section 4). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from schemas.bookkeeping.money import MoneyError, parse_decimal
from schemas.vocabulary import EntryKind
from sinks.targets.nexhealth.client import Row
from sinks.targets.nexhealth.request_text import in_ledger, transaction_id
from sinks.targets.nexhealth.splits import charge_splits
from sinks.targets.port import TargetEntry
from streams.fault_injection import Control, disabled


class Ledger(msgspec.Struct, frozen=True):
    """One of the service's two lists of entries."""

    path: str
    prefix: str
    """Of an `external_id`."""
    amount: str
    date: str

    def external_id(self, row: Row) -> str:
        return f"{self.prefix}/{row.get('id')}"


PAYMENTS: Final = Ledger("/payments", "nexhealth_payments", "payment_amount", "paid_at")
ADJUSTMENTS: Final = Ledger("/adjustments", "nexhealth_adjustments", "adjustment_amount", "adjusted_at")
LEDGERS: Final = {each.prefix: each for each in (PAYMENTS, ADJUSTMENTS)}
TAKEN: Final = "nexhealth_transactions"
"""Of what the service took and nobody has seen in a ledger."""


class Line(msgspec.Struct, frozen=True):
    """A row of a list."""

    ledger: Ledger
    row: Row

    @property
    def external_id(self) -> str:
        return self.ledger.external_id(self.row)

    @property
    def minor(self) -> int | None:
        return minor_of(self.row.get(self.ledger.amount))

    @property
    def is_in_practice(self) -> bool:
        """Whether the practice's system has given it a number. A row without one is in the service alone, where the
        practice does not see it."""
        if disabled(Control.IN_PRACTICE):
            return True
        number = self.row.get("foreign_id")
        return isinstance(number, str | int) and not isinstance(number, bool) and str(number).strip() not in ("", "0")

    @property
    def is_deleted(self) -> bool:
        return self.row.get("deleted_at") is not None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What the rows of an entry are together."""

    external_ids: tuple[str, ...] = ()
    differing_ids: tuple[str, ...] = ()
    possible_ids: tuple[str, ...] = ()
    partly: bool = False
    """Some of the rows that one request makes are read, and others not yet."""

    @property
    def is_nothing(self) -> bool:
        return not (self.external_ids or self.differing_ids or self.possible_ids or self.partly)


def ledgers_of(kind: EntryKind) -> tuple[Ledger, ...]:
    """Where an entry of a kind can stand. A refund is a payment or an adjustment, whichever its system takes."""
    if kind is EntryKind.PAYMENT:
        return (PAYMENTS,)
    return (PAYMENTS, ADJUSTMENTS) if kind is EntryKind.REFUND else (ADJUSTMENTS,)


def transactions_of(entry: TargetEntry) -> tuple[str, ...]:
    """The ids of all generations, the latest first."""
    return tuple(map(transaction_id, (entry.marker, *reversed(entry.earlier_markers))))


def lines_of(ledger: Ledger, rows: Iterable[Row], entry: TargetEntry) -> list[Line]:
    """The rows that are this entry: by our transaction's id, which nobody at the practice sees or edits, by the number
    under which an earlier read saw it, or by the marker in the text. All is matched here: a filter may be ignored."""
    ids, markers = set(transactions_of(entry)), (entry.marker, *entry.earlier_markers)
    found: dict[str, Line] = {}
    for row in rows:
        line = Line(ledger, row)
        text = row.get("description")
        marked = isinstance(text, str) and any(marker in text for marker in markers)
        if not line.is_deleted and (row.get("transaction_id") in ids or line.external_id in entry.known_ids or marked):
            found[line.external_id] = line
    return list(found.values())


def standing_of(lines: Sequence[Line], entry: TargetEntry) -> Standing:
    """One request may make several rows, whose sum is the entry. A multiple of it that as many rows make up is the
    entry more than once; any other sum is none of it."""
    there = sorted((line for line in lines if line.is_in_practice), key=lambda line: _number(line.row))
    if not there:
        return Standing(possible_ids=tuple(line.external_id for line in lines))
    wanted = in_ledger(entry.instruction.amount_minor)
    amounts = [line.minor for line in there]
    total = sum(amount for amount in amounts if amount is not None)
    if None in amounts or wanted == 0:
        return Standing(differing_ids=(there[0].external_id,))
    if total == wanted:
        return Standing(external_ids=(there[0].external_id,))
    times, rest = divmod(total, wanted)
    if rest == 0 and 1 < times <= len(there):
        return Standing(external_ids=tuple(line.external_id for line in there[:times]))
    if len(charge_splits(entry)) > len(there) and total * wanted > 0 and abs(total) < abs(wanted):
        return Standing(partly=True)
    return Standing(differing_ids=(there[0].external_id,))


def minor_of(price: object) -> int | None:
    """An amount as the lists give it, exact (M-2); None for anything else."""
    value: Any = price.get("amount") if isinstance(price, dict) else price
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return parse_decimal(str(value)).minor
    except MoneyError:
        return None


def _number(row: Row) -> tuple[int, str]:
    text = str(row.get("id"))
    return len(text), text
