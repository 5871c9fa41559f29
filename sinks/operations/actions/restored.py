"""An operator says that the database was restored where nothing shows it: open entries are read back first."""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.vocabulary import EraProof
from sinks.ledger.history.settle import raise_era
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.audit import append
from sinks.ledger.rows.fetch import fetch_value
from sinks.ledger.unit_of_work import instant
from sinks.operations.acting import Action, Order, authorise
from sinks.operations.actions.retention import TRAIL
from sinks.operations.ledger import Ledger

_SQL: Final = named_queries("sinks.ledger.history")


class Restored(msgspec.Struct, frozen=True):
    """How many open entries are, or would be, looked for first; the ledger's new era, None for a preview."""

    entries: int
    era: int | None


def say_restored(ledger: Ledger, order: Order) -> Restored:
    """Raise the era (law 4). Roles may run: no mark is made of an entry that is to be read back first.

    Blocks, with many open entries for minutes. Raises as `authorise`, and psycopg.Error.
    """
    authorise(order, Action.LEDGER_RESTORED)
    if not order.apply:
        return Restored(fetch_value(ledger.connection, _SQL["open_effects"]), None)
    with ledger.connection.transaction(), ledger.connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL transaction_timeout = 0")
        era, entries = raise_era(ledger.connection, ledger.now, [EraProof.SAID_BY_PERSON])
        append(
            cursor,
            TRAIL,
            at=instant(cursor, ledger.now),
            actor=order.actor.name,
            action=Action.LEDGER_RESTORED,
            after={"era": era, "entries": entries},
            why=order.reason,
        )
    return Restored(entries, era)
