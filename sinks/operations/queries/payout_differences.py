"""Differences between payouts and what was reported, open or ended (P-23)."""

from __future__ import annotations

from typing import Final

from schemas.vocabulary import DifferenceKind
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all
from sinks.ledger.rows.payouts import PayoutDifferenceRow
from sinks.operations.ledger import Connection
from sinks.operations.queries.practices import check_practice
from sinks.operations.roles import View
from sinks.operations.viewing import sees

SQL: Final = named_queries("sinks.operations.queries", "payout_differences.sql")
PREFIX: Final = "d:"
"""Before a difference's number, in what people type and read."""


@sees(View.TRANSACTIONS)
def find_differences(
    connection: Connection,
    practice_id: str | None,
    *,
    kind: DifferenceKind | None = None,
    ended: bool = False,
    most: int = 500,
) -> list[PayoutDifferenceRow]:
    """Open ones, with `ended` all of them, in the order in which they were found. Blocks for two statements.

    ConfigurationError for an unknown practice.
    """
    check_practice(connection, practice_id)
    parameters = {"practice_id": practice_id, "kind": kind, "all": ended, "most": most}
    return fetch_all(connection, PayoutDifferenceRow, SQL["differences"], parameters)


def id_of(difference: PayoutDifferenceRow) -> str:
    """Like d:12, within its practice."""
    return f"{PREFIX}{difference.number}"
