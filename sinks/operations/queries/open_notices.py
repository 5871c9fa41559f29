"""Lists open notices: what people were told of and is not solved, and who sees to it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all
from sinks.notices.causes import Cause
from sinks.operations.ledger import Connection
from sinks.operations.queries.practices import check_practice
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from sinks.operations.words.reasons import words_for
from sinks.operations.words.systems import with_system

_SQL: Final = named_queries("sinks.operations.queries", "open_notices.sql")


class OpenNotice(msgspec.Struct, frozen=True, kw_only=True):
    """An open notice. `told_at` None: nobody has been told yet."""

    practice_id: str
    cause: str
    opened_at: datetime
    reference: str | None
    items: int
    told_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None

    @property
    def headline(self) -> str:
        cause = Cause.parse(self.cause)
        return with_system(words_for(cause.reason).headline, cause.target)


@sees(View.NOTICES)
def open_notices(connection: Connection, practice_id: str | None, most: int) -> list[OpenNotice]:
    """The oldest first. Blocks for one statement; ConfigurationError names the nearest practice for an unknown one."""
    check_practice(connection, practice_id)
    parameters = {"practice_id": practice_id, "most": most}
    return fetch_all(connection, OpenNotice, _SQL["open_notices"], parameters)
