"""What tests of events about other events look at, in Postgres: entries and what they hang on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.processors.rules.event_examples import NOON
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

MINUTE = timedelta(minutes=1)

LATER = NOON + MINUTE


def ready(database: LedgerDatabase, **settings: Any) -> None:
    database.add(**settings)
    database.link()


def entries(database: LedgerDatabase) -> list[tuple[object, ...]]:
    """Event, kind, amount, state, and the kind and event of what it depends on."""
    return database.rows(
        "SELECT e.event_id, e.entry_kind, e.amount_minor, e.state, o.event_id || ':' || o.entry_kind"
        " FROM effects e LEFT JOIN effects o ON o.practice_id = e.practice_id AND o.effect_id = e.depends_on"
        " ORDER BY e.effect_id"
    )


def posted(database: LedgerDatabase, *effect_ids: int) -> None:
    """What a poster does with them."""
    for effect_id in effect_ids:
        for state in ("SENDING", "POSTED"):
            database.connection.execute("UPDATE effects SET state = %s WHERE effect_id = %s", (state, effect_id))


REFUNDED = [
    ("ev-1", "payment", 9680, "SCHEDULED", None),
    ("ev-1", "fee_adjustment", 320, "SCHEDULED", "ev-1:payment"),
    ("ev-r1", "refund", -10000, "SCHEDULED", "ev-1:payment"),
]
