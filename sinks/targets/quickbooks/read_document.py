"""Reads what stands of a document that was written: its day, and what it is at the bank account it was written to."""

from __future__ import annotations

from datetime import date

import msgspec

from sinks.targets.foreign_values import parsed_day
from sinks.targets.port import Composed, ReadFailed
from sinks.targets.quickbooks import find_entries
from sinks.targets.quickbooks.client import CompanyClient
from sinks.targets.quickbooks.read_back import read_entity
from sinks.targets.quickbooks.reversals import written_in


class DocumentNow(msgspec.Struct, frozen=True, kw_only=True):
    """A document as it stands in QuickBooks."""

    deleted: bool = False
    amount_minor: int | None = None
    """What it brings to the bank account; None where nobody can say, as its amounts are no amounts."""
    day: date | None = None


async def read_document(
    client: CompanyClient, realm_id: str, external_id: str, written: Composed, net_minor: int, deadline_s: float
) -> DocumentNow | ReadFailed:
    """By its id. A Deposit says its total; of a JournalEntry the lines at the bank account that `written` named."""
    row = await read_entity(client, realm_id, external_id, deadline_s)
    if isinstance(row, ReadFailed):
        return row
    if row is None:
        return DocumentNow(deleted=True, amount_minor=0)
    entity = find_entries.entity_of(external_id)
    amount: int | None = net_minor
    if not find_entries.carries_amount(entity, row, net_minor):
        bank, _ = written_in(written, bank_moved=net_minor != 0)
        amount = find_entries.brought_to(entity, row, bank)
    return DocumentNow(amount_minor=amount, day=parsed_day(row.get("TxnDate")))
