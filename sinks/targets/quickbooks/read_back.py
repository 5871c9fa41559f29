"""Reads an entry back: by the ids it was seen under, then by date, number and time of creation (law 19)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from sinks.targets.port import Found, ReadFailed, Scope, TargetEntry
from sinks.targets.quickbooks import find_entries
from sinks.targets.quickbooks.client import CompanyClient

NOT_THERE = "610"
"""Code of an entry that was deleted, or never was (README section 9)."""


class ReadBack:
    """One read-back of one entry. `ends_at` is the event loop's time by which it has ended."""

    def __init__(self, client: CompanyClient, realm_id: str, entry: TargetEntry, ends_at: float) -> None:
        self._client = client
        self._realm_id = realm_id
        self._entry = entry
        self._ends_at = ends_at
        self._began_at = datetime.now(UTC)
        self._equal: dict[str, None] = {}
        self._differing: dict[str, None] = {}
        self._possible: dict[str, None] = {}

    async def run(self) -> Found | ReadFailed:
        """Both forms, all generations' markers, every list to its last page."""
        for external_id in self._entry.known_ids:
            failed = await self._by_id(external_id)
            if failed is not None:
                return failed
        for entity, condition in find_entries.find_back_queries(self._entry, self._began_at):
            failed = await self._by_query(entity, condition)
            if failed is not None:
                return failed
        return Found(
            external_ids=tuple(self._equal),
            differing_ids=tuple(self._differing),
            possible_ids=tuple(self._possible),
            began_at=self._began_at,
        )

    async def _by_id(self, external_id: str) -> ReadFailed | None:
        """One that was deleted is not there any more, and what remains is searched for."""
        row = await read_entity(self._client, self._realm_id, external_id, self._left_s())
        if isinstance(row, ReadFailed):
            return row
        if row is not None:
            self._take(find_entries.entity_of(external_id), [row])
        return None

    async def _by_query(self, entity: str, condition: str) -> ReadFailed | None:
        for page in range(find_entries.MOST_DOCUMENTS // find_entries.DOCUMENTS):
            query = find_entries.page_query(entity, condition, page, find_entries.DOCUMENTS)
            document = await self._client.read(find_entries.query_path(self._realm_id, query), self._left_s())
            if isinstance(document, ReadFailed):
                return document
            rows = find_entries.rows_of(document, entity)
            if rows is None:
                return ReadFailed(scope=Scope.EFFECT, reason=None, code="UNREADABLE_200")
            self._take(entity, rows)
            if len(rows) < find_entries.DOCUMENTS:
                return None
        return ReadFailed(scope=Scope.EFFECT, reason=None, code="LIST_WITHOUT_END")

    def _take(self, entity: str, rows: list[find_entries.Row]) -> None:
        found = find_entries.match(entity, rows, self._entry, self._began_at)
        self._equal |= dict.fromkeys(found.equal)
        self._differing |= dict.fromkeys(found.differing)
        self._possible |= dict.fromkeys(found.possible)

    def _left_s(self) -> float:
        return self._ends_at - asyncio.get_running_loop().time()


async def read_entity(
    client: CompanyClient, realm_id: str, external_id: str, deadline_s: float
) -> find_entries.Row | ReadFailed | None:
    """One entry by its id; None where it is not there."""
    path = find_entries.entity_path(realm_id, external_id)
    if path is None:
        return ReadFailed(scope=Scope.EFFECT, reason=None, code="UNKNOWN_ID")
    document = await client.read(path, deadline_s)
    if isinstance(document, ReadFailed):
        return None if document.code == NOT_THERE else document
    row = document.get(find_entries.entity_of(external_id))
    if not isinstance(row, dict):
        return ReadFailed(scope=Scope.EFFECT, reason=None, code="UNREADABLE_200")
    return None if row.get("status") == "Deleted" else row
