"""Reads an entry back at a connector: what became of its requests, its markers, and the ids that were seen (law 19)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TypeVar

from schemas.connector.records import Entry, EntryList, Kind, Outcome, Problem, ProblemCode, Status
from sinks.targets.connector import answers
from sinks.targets.connector.exchange import Exchange
from sinks.targets.connector.requests import ENTRY_PREFIX, amount_in_contract
from sinks.targets.port import Found, OriginReading, OriginState, ReadFailed, Scope, TargetEntry

T = TypeVar("T")
OUT_OF_TIME = "DEADLINE"


class ConnectorReader:
    """Reads of one account. `ends_at` is the event loop's time by which a read has ended."""

    def __init__(self, exchange: Exchange, account: str) -> None:
        self._exchange = exchange
        self._base = f"/v1/accounts/{account}"

    async def get(self, path: str, kind: type[T], ends_at: float) -> T | Problem | ReadFailed:
        return await self._call("GET", path, None, kind, ends_at)

    async def ask(self, path: str, body: bytes, kind: type[T], ends_at: float) -> T | Problem | ReadFailed:
        return await self._call("POST", path, body, kind, ends_at)

    async def _call(
        self, method: str, path: str, body: bytes | None, kind: type[T], ends_at: float
    ) -> T | Problem | ReadFailed:
        left_s = ends_at - asyncio.get_running_loop().time()
        if left_s <= 0:
            return ReadFailed(scope=Scope.EFFECT, reason=None, code=OUT_OF_TIME)
        return answers.read(await self._exchange.call(method, self._base + path, body, deadline_s=left_s), kind)


async def read_back(reader: ConnectorReader, entry: TargetEntry, ends_at: float) -> Found | ReadFailed:
    """1. The request itself: while the connector has not decided, absence is not asked for. 2. Every marker, whoever
    the entries belong to now. 3. Ids that were seen, whose marker people may have taken away. Complete or ReadFailed.
    """
    began_at = datetime.now(UTC)
    ids = set(entry.known_ids)
    said = await reader.get(f"/requests/{entry.request_id}", Outcome, ends_at)
    if isinstance(said, ReadFailed):
        return said
    if isinstance(said, Outcome):
        if said.idempotency_key != entry.request_id:
            return answers.unreadable()
        if said.status is Status.PENDING:
            return ReadFailed(scope=Scope.EFFECT, reason=None, code=answers.PENDING)
        ids |= set() if said.entry is None else {answers.external_id(said.entry)}
    elif said.code is not ProblemCode.NOT_FOUND:
        return answers.failed(said)
    rows: dict[str, Entry] = {}
    for marker in (entry.marker, *entry.earlier_markers):
        page = await reader.get(f"/entries?marker={marker}", EntryList, ends_at)
        if isinstance(page, Problem):
            return answers.failed(page)
        if isinstance(page, ReadFailed):
            return page
        rows |= {answers.external_id(each): each for each in page.entries if each.marker == marker}
    for known in sorted(ids - set(rows)):
        one = await _by_id(reader, known, ends_at)
        if isinstance(one, ReadFailed):
            return one
        rows |= {} if one is None else {known: one}
    return _found(rows, entry, began_at)


async def _by_id(reader: ConnectorReader, known: str, ends_at: float) -> Entry | ReadFailed | None:
    number = known.removeprefix(ENTRY_PREFIX)
    found = await reader.get(f"/entries/{number}", Entry, ends_at)
    if isinstance(found, Problem):
        return None if found.code is ProblemCode.NOT_FOUND else answers.failed(found)
    if isinstance(found, Entry) and found.entry_id != number:
        return answers.unreadable()
    return found


def _found(rows: dict[str, Entry], entry: TargetEntry, began_at: datetime) -> Found:
    """Sign, amount and currency are compared here; a note has none, its marker alone says that it is ours."""
    wanted = (amount_in_contract(entry), entry.instruction.currency)
    equal: list[str] = []
    differing: list[str] = []
    deleted: list[str] = []
    for name, row in sorted(rows.items()):
        if name in entry.not_ours:
            continue
        if not row.standing:
            deleted.append(name)  # it was written once, and people took it away: neither absence nor proof
            continue
        same = row.kind is Kind.NOTE or (row.amount.minor, row.amount.currency) == wanted
        ours = row.kind.value == entry.instruction.entry_kind.value
        (equal if same and ours else differing).append(name)
    return Found(
        external_ids=tuple(equal),
        differing_ids=tuple(differing),
        possible_ids=tuple(deleted),
        began_at=began_at,
    )


async def read_origin(reader: ConnectorReader, entry: TargetEntry, ends_at: float) -> OriginReading | ReadFailed:
    """How the entry stands that this one takes back: amount, sign, date and patient (R-20). A record that was merged
    into another is the same patient."""
    written = answers.order_of(entry.origin)
    if written is None or entry.origin_id is None or not entry.origin_id.startswith(ENTRY_PREFIX):
        return ReadFailed(scope=Scope.EFFECT, reason=None, code="ORIGINAL_UNKNOWN")
    found = await _by_id(reader, entry.origin_id, ends_at)
    if isinstance(found, ReadFailed):
        return found
    if found is None or not found.standing:
        return OriginReading(state=OriginState.GONE)
    same = (found.amount, found.ledger_date) == (written.amount, written.ledger_date)
    owner = written.patient_id in (found.patient_id, *found.former_patient_ids)
    return OriginReading(state=OriginState.STANDS if same and owner else OriginState.CHANGED)
