"""Reads an office over the API: single records, and lists to their last page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from sinks.targets.http_call import HttpAnswer, HttpCaller, HttpOutcome, NotSent
from sinks.targets.open_dental import answers
from sinks.targets.open_dental.find_entries import LONGEST_LIST, PAGE
from sinks.targets.pacing import Pacer
from sinks.targets.port import ReadFailed, Scope

OUT_OF_TIME: Final = "DEADLINE"
"""Code of a read that was not made: its deadline had passed."""

READ_LIMIT: Final = 32 * 1024 * 1024
"""Bytes of all pages of one list; weeks of a large office are far below."""

Row = dict[str, Any]


class OfficeReader:
    """Reads of one connection. Paths are relative to its base URL; `ends_at` is the event loop's time by which a read
    has ended. Never raises for what the office does."""

    def __init__(self, base_url: str, http: HttpCaller, pacer: Pacer) -> None:
        self._base_url = base_url
        self._http = http
        self._pacer = pacer

    async def record(self, path: str, ends_at: float) -> Row | ReadFailed:
        """One record."""
        return answers.classify_single(await self._get(path, ends_at))

    async def page(self, path: str, ends_at: float) -> list[Row] | ReadFailed:
        """One page of a list."""
        return answers.classify_read(await self._get(path, ends_at))

    async def rows(
        self, path: Callable[[int], str], ends_at: float, most_pages: int = LONGEST_LIST
    ) -> list[Row] | ReadFailed:
        """All rows of a list; `path` makes a page's path of an offset. Two equal pages one after the other: this list
        has no pages, and that was all of it."""
        found: list[Row] = []
        before: list[Row] = []
        size = 0
        for _ in range(most_pages):
            outcome = await self._get(path(len(found)), ends_at)
            page = answers.classify_read(outcome)
            if isinstance(page, ReadFailed):
                return page
            size += len(outcome.body) if isinstance(outcome, HttpAnswer) else 0
            if size > READ_LIMIT or len(found) + len(page) > most_pages * PAGE:
                return ReadFailed(scope=Scope.EFFECT, reason=None, code="LIST_TOO_LARGE")
            if page == before:
                return found
            found += page
            if len(page) < PAGE:
                return found
            before = page
        return ReadFailed(scope=Scope.EFFECT, reason=None, code="LIST_WITHOUT_END")

    async def definitions(self, category: int, ends_at: float) -> list[Row] | ReadFailed:
        """A list of the office's definitions, hidden ones too."""

        def path(offset: int) -> str:
            return f"/definitions?Category={category}&includeHidden=true&Limit={PAGE}&Offset={offset}"

        return await self.rows(path, ends_at)

    async def _get(self, path: str, ends_at: float) -> HttpOutcome:
        deadline_s = ends_at - asyncio.get_running_loop().time()
        if deadline_s <= 0 or not await self._pacer.turn(deadline_s):
            return NotSent(OUT_OF_TIME)
        left_s = max(ends_at - asyncio.get_running_loop().time(), 0.001)
        return await self._http.call("GET", self._base_url + path, deadline_s=left_s)
