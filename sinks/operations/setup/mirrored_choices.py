"""Payment types and the like, as they were read from the practice's own system last (SET-11, SET-12, ALL-4)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all
from sinks.operations.ledger import Connection
from sinks.operations.roles import View
from sinks.operations.viewing import sees

_SQL: Final = named_queries("sinks.operations.setup", "settings_form.sql")


class MirroredChoice(msgspec.Struct, frozen=True):
    """One thing that can be chosen there."""

    kind: str
    value: str
    name: str
    detail: str
    usable: bool
    """False: hidden or inactive there."""
    read_at: datetime


@sees(View.SETTINGS)
def mirrored_choices(connection: Connection, practice_id: str) -> list[MirroredChoice]:
    """By kind and name; empty before the first reading. Blocks for one statement."""
    return fetch_all(connection, MirroredChoice, _SQL["mirrored_choices"], {"practice_id": practice_id})
