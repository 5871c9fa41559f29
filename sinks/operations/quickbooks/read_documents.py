"""Reads documents in QuickBooks as they stand now, by the ids under which they were written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all
from sinks.operations.ledger import Ledger
from sinks.operations.quickbooks.open_company import cannot_read, connected, open_company
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from sinks.poster.planned_call import FrozenRequest
from sinks.targets.port import ReadFailed
from streams.runtime.errors import ConfigurationError
from streams.settings import ProgramSettings

MOST: Final = 2_000
"""Of one run: at the company's pace some four minutes, and as many metered reads."""
PAGE: Final = 25
"""Requests that are held at once: one may hold a payout of hundreds of lines."""
READ_S: Final = 30.0
_SQL: Final = named_queries("sinks.operations.quickbooks", "documents.sql")


class ReadThere(msgspec.Struct, frozen=True, kw_only=True):
    """A document as it was read. Minor units, the bank account's view."""

    effect_id: int
    external_id: str
    written_minor: int
    written_day: date
    deleted: bool
    amount_minor: int | None
    """None: its amounts cannot be read."""
    day: date | None

    @property
    def moved(self) -> bool:
        """Its date was changed."""
        return not self.deleted and self.day != self.written_day


class _Written(msgspec.Struct, frozen=True):
    effect_id: int
    external_id: str
    amount_minor: int
    payload: FrozenRequest


@sees(View.TRANSACTIONS)
async def read_documents(
    ledger: Ledger, settings: ProgramSettings, practice_id: str, effect_ids: Sequence[int]
) -> tuple[ReadThere, ...]:
    """Those of the entries that stand in the company that is connected; others were written elsewhere and left out.

    One read each at the company's pace, within 30 s each; in bounded memory. Raises ConfigurationError for more than
    MOST and where nothing is connected, WritebackError where QuickBooks cannot be read.
    """
    if len(effect_ids) > MOST:
        raise ConfigurationError(
            f"{len(effect_ids)} documents of {practice_id} would be read in QuickBooks, and {MOST} are read at once: "
            "name fewer days"
        )
    stored = connected(ledger, practice_id)
    found: list[ReadThere] = []
    async with open_company(ledger, settings, practice_id) as company:
        for start in range(0, len(effect_ids), PAGE):
            page = {"effect_ids": list(effect_ids[start : start + PAGE]), "connection_id": stored.connection_id}
            key = {"practice_id": practice_id} | page
            for each in fetch_all(ledger.connection, _Written, _SQL["written"], key):
                written = each.payload.composed()
                now = await company.read_document(each.external_id, written, each.amount_minor, READ_S)
                if isinstance(now, ReadFailed):
                    raise cannot_read(practice_id, now)
                found.append(
                    ReadThere(
                        effect_id=each.effect_id,
                        external_id=each.external_id,
                        written_minor=each.amount_minor,
                        written_day=written.ledger_date,
                        deleted=now.deleted,
                        amount_minor=now.amount_minor,
                        day=now.day,
                    )
                )
    return tuple(found)
