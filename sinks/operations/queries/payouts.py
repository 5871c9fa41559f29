"""A practice's payouts by the day on which they reach the bank, each with its document as it stands."""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from schemas.vocabulary import State
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.effects import EffectReason
from sinks.ledger.rows.fetch import Source, fetch_all
from sinks.operations.ledger import Connection
from sinks.operations.queries.practices import check_practice
from sinks.operations.roles import View
from sinks.operations.viewing import sees

_SQL: Final = named_queries("sinks.operations.quickbooks", "documents.sql")


class ListedPayout(msgspec.Struct, frozen=True):
    """One report of a payout, with the document that is written of it."""

    effect_id: int
    payout_id: str
    version: int
    ledger_date: date
    amount_minor: int
    currency: str
    state: State
    reason: EffectReason
    external_id: str | None


@sees(View.TRANSACTIONS)
def list_payouts(
    connection: Connection, practice_id: str, from_day: date, to_day: date, most: int
) -> tuple[ListedPayout, ...]:
    """By day, both ends included, at most `most`. Blocks for two statements; ConfigurationError for an unknown
    practice."""
    check_practice(connection, practice_id)
    return payouts_between(connection, practice_id, from_day, to_day, most)


def payouts_between(
    source: Source, practice_id: str, from_day: date, to_day: date, most: int
) -> tuple[ListedPayout, ...]:
    """The same of a practice that is known. Blocks for one statement."""
    key = {"practice_id": practice_id, "from_day": from_day, "to_day": to_day, "most": most}
    return tuple(fetch_all(source, ListedPayout, _SQL["around"], key))
