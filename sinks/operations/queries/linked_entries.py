"""Whether the patients of some entries are linked, without saying who they are (LINK-2)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all
from sinks.operations.ledger import Connection
from sinks.operations.roles import View
from sinks.operations.viewing import sees

_SQL: Final = named_queries("sinks.operations.queries", "linked_entries.sql")


class _Row(msgspec.Struct, frozen=True):
    effect_id: int
    linked: bool


@sees(View.TRANSACTIONS)
def linked_entries(connection: Connection, practice_id: str, effect_ids: Collection[int]) -> dict[int, bool]:
    """By entry, for those that are for a patient; the others are left out. Blocks for one statement."""
    parameters = {"practice_id": practice_id, "effect_ids": list(effect_ids)}
    return {each.effect_id: each.linked for each in fetch_all(connection, _Row, _SQL["linked_entries"], parameters)}
