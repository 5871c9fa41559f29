"""A payout's transactions one by one, as CSV for a spreadsheet: what a document that is condensed leaves out (P-22).

The same lines that the document is made of: numbers of items, no id of a payment or a patient (P-13). They are kept as
long as the payout's entry.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Final

import msgspec

from schemas.bookkeeping.money import Money
from schemas.plan import Instruction, PayoutLine
from schemas.vocabulary import State
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_one
from sinks.operations.ledger import Ledger
from sinks.operations.queries.practices import check_practice
from sinks.operations.reconcile.export import safe_cell
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from sinks.targets.quickbooks.payout_lines import reference_of
from streams.runtime.errors import ConfigurationError

HEADINGS: Final = ("item", "category", "kind", "gross", "fee", "net", "currency", "fees by kind")
_SQL: Final = named_queries("sinks.operations.quickbooks", "documents.sql")


class _Row(msgspec.Struct, frozen=True):
    effect_id: int
    state: State
    external_id: str | None
    currency: str
    instruction: Instruction


class PayoutDetail(msgspec.Struct, frozen=True, kw_only=True):
    """The newest document of a payout, with its transactions."""

    practice_id: str
    payout_id: str
    entry: str
    state: State
    external_id: str | None
    reference: str
    """What the document calls the payout."""
    currency: str
    gross_minor: int
    fee_minor: int
    net_minor: int
    """What reaches the bank: gross less fees, where the payout's items are known."""
    items_known: bool
    lines: tuple[PayoutLine, ...]


@sees(View.TRANSACTIONS)
def payout_detail(ledger: Ledger, practice_id: str, payout_id: str) -> PayoutDetail:
    """From the ledger alone. Blocks for two statements; memory as the payout is long, 20,000 items at most.

    Raises ConfigurationError for an unknown practice or payout.
    """
    check_practice(ledger.connection, practice_id)
    key = {"practice_id": practice_id, "payout_id": payout_id}
    row = fetch_one(ledger.connection, _Row, _SQL["newest"], key)
    if row is None:
        raise ConfigurationError(f"{payout_id}: practice {practice_id} has no such payout; an id as upstream says it")
    own = row.instruction
    return PayoutDetail(
        practice_id=practice_id,
        payout_id=payout_id,
        entry=f"e:{row.effect_id}",
        state=row.state,
        external_id=row.external_id,
        reference=reference_of(own),
        currency=row.currency,
        gross_minor=sum(line.gross_minor for line in own.lines),
        fee_minor=sum(line.fee_minor for line in own.lines),
        net_minor=own.amount_minor,
        items_known=own.items_known,
        lines=own.lines,
    )


def csv_of(detail: PayoutDetail) -> str:
    """With a heading and, at the end, the totals; no cell that a spreadsheet would compute. Pure."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    writer.writerows(_lines(detail))
    total = (detail.gross_minor, detail.fee_minor, detail.net_minor)
    writer.writerow(
        [safe_cell(f"{detail.reference} total"), "", "", *(_money(each, detail.currency) for each in total),
         detail.currency, ""]
    )  # fmt: skip
    return out.getvalue()


def _lines(detail: PayoutDetail) -> Iterator[list[str]]:
    currency = detail.currency
    for line in detail.lines:
        amounts = (line.gross_minor, line.fee_minor, line.gross_minor - line.fee_minor)
        fees = "; ".join(f"{kind} {_money(amount, currency)}" for kind, amount in line.fees)
        yield [
            safe_cell(f"{detail.reference}-{line.number:02d}"),
            line.category.value,
            "" if line.kind is None else line.kind.value,
            *(_money(each, currency) for each in amounts),
            currency,
            safe_cell(fees),
        ]


def _money(minor: int, currency: str) -> str:
    """A decimal number, a minus before what takes from the payout."""
    return f"{Money(minor, currency).decimal():.2f}"
