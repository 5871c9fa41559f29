"""Reads whether a payout's document still stands as it was written, before another one takes it back (R-20)."""

from __future__ import annotations

import json

from sinks.targets.port import OriginReading, OriginState, ReadFailed, Scope, TargetEntry
from sinks.targets.quickbooks import find_entries
from sinks.targets.quickbooks.client import CompanyClient
from sinks.targets.quickbooks.read_back import read_entity


async def read_origin(
    client: CompanyClient, realm_id: str, entry: TargetEntry, deadline_s: float
) -> OriginReading | ReadFailed:
    """By its id. What reached the bank and its date count; a memo, an account or a class are daily work."""
    if entry.origin_id is None or entry.origin is None:
        return ReadFailed(scope=Scope.EFFECT, reason=None, code="ORIGINAL_UNKNOWN")
    row = await read_entity(client, realm_id, entry.origin_id, deadline_s)
    if isinstance(row, ReadFailed):
        return row
    if row is None:
        return OriginReading(state=OriginState.GONE)
    net_minor = -entry.instruction.amount_minor
    same = find_entries.carries_amount(find_entries.entity_of(entry.origin_id), row, net_minor)
    same = same and row.get("TxnDate") == json.loads(entry.origin.body).get("TxnDate")
    return OriginReading(state=OriginState.STANDS if same else OriginState.CHANGED)
