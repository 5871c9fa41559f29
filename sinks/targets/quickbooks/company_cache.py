"""Caches what is read of a company between calls: until when its books are closed, and its accounts.

Reads are metered by the vendor (README section 7), so both are cached; a stale answer never decides against a practice
that has just changed something.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from typing import Any, Final

import msgspec

from sinks.targets.foreign_values import parsed_day
from sinks.targets.port import ReadFailed, Scope
from sinks.targets.quickbooks import find_entries
from sinks.targets.quickbooks.client import CompanyClient
from sinks.targets.quickbooks.documents import MINOR_VERSION

KEEP_S: Final = 900.0
"""How long an open date is believed; QuickBooks itself refuses a closed one in the meantime."""
KEEP_CLOSED_S: Final = 5.0
"""How long a closed date is believed: people reopen books and release at once."""
NAME_LIMIT: Final = 200
"""Characters of a name that are kept for people to see."""
READ_S: Final = 3.0
"""Longest read before a post, within the margin for its start (law 17); without it the post goes ahead."""
AFTER_FAILURE_S: Final = 60.0
"""A read that failed is left alone this long: it must not make every post late."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    account_id: str
    name: str
    type: str
    currency: str | None
    subtype: str = ""


class CompanyLists(msgspec.Struct, frozen=True, kw_only=True):
    """What a mapping can name, by id."""

    accounts: dict[str, Account]
    classes: dict[str, str]
    departments: dict[str, str]


class CompanyCache:
    """The cache of one company, used by one event loop."""

    def __init__(self, client: CompanyClient, realm_id: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._realm_id = realm_id
        self._monotonic = monotonic
        self._closed_through: date | None = None
        self._read_at = -KEEP_S
        self._not_before = 0.0

    def closed_through(self, day: date) -> date | None:
        """The close date as far as it may be believed for `day` without reading. Pure."""
        age = self._monotonic() - self._read_at
        closed = self._closed_through
        if closed is None or day > closed:
            return None
        return closed if age <= KEEP_CLOSED_S else None

    async def read_closed_through(self, day: date, deadline_s: float) -> date | None:
        """The close date if `day` falls under it. Reads when what is known is too old; a failed read says None."""
        age = self._monotonic() - self._read_at
        closed = self._closed_through is not None and day <= self._closed_through
        if age > (KEEP_CLOSED_S if closed else KEEP_S) and self._monotonic() >= self._not_before:
            path = f"/v3/company/{self._realm_id}/preferences?minorversion={MINOR_VERSION}"
            found = await self._client.read(path, min(deadline_s, READ_S))
            if isinstance(found, ReadFailed):
                self._not_before = self._monotonic() + AFTER_FAILURE_S
                return None
            self._closed_through = close_date(found)
            self._read_at = self._monotonic()
            closed = self._closed_through is not None and day <= self._closed_through
        fresh = self._monotonic() - self._read_at <= KEEP_CLOSED_S
        return self._closed_through if closed and fresh else None

    def forget(self) -> None:
        """QuickBooks spoke of a closed period: what is known is no longer true."""
        self._read_at = -KEEP_S

    async def accounts(self, deadline_s: float) -> dict[str, Account] | ReadFailed:
        """All active accounts by id, read to the end."""
        rows = await self.active("Account", deadline_s)
        return rows if isinstance(rows, ReadFailed) else {each.account_id: each for each in map(_account, rows)}

    async def active(self, entity: str, deadline_s: float) -> list[find_entries.Row] | ReadFailed:
        """All active rows of a list (`Account`, `Class`, `Department`), read to the end."""
        ends_at = self._monotonic() + deadline_s
        found: list[find_entries.Row] = []
        for page in range(find_entries.LONGEST_LIST):
            query = find_entries.page_query(entity, "Active = true", page)
            path = find_entries.query_path(self._realm_id, query)
            document = await self._client.read(path, ends_at - self._monotonic())
            if isinstance(document, ReadFailed):
                return document
            rows = find_entries.rows_of(document, entity)
            if rows is None:
                return ReadFailed(scope=Scope.EFFECT, reason=None, code="UNREADABLE_200")
            found += rows
            if len(rows) < find_entries.PAGE:
                break
        return found


def close_date(document: dict[str, Any]) -> date | None:
    """`AccountingInfoPrefs.BookCloseDate`; there only while books are closed."""
    preferences = document.get("Preferences")
    inner = preferences.get("AccountingInfoPrefs") if isinstance(preferences, dict) else None
    text = inner.get("BookCloseDate") if isinstance(inner, dict) else None
    return parsed_day(text)


def _account(row: find_entries.Row) -> Account:
    currency = row.get("CurrencyRef")
    return Account(
        account_id=str(row.get("Id", "")),
        name=str(row.get("Name", ""))[:NAME_LIMIT],
        type=str(row.get("AccountType", "")),
        currency=str(currency.get("value")) if isinstance(currency, dict) else None,
        subtype=str(row.get("AccountSubType", "")),
    )
