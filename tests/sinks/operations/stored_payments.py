"""A ledger whose rows a test writes itself: what people ask of it is tested apart from how it came about."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.codec import encode_event
from schemas.events import Event
from schemas.plan import Decision
from sinks.ledger.schema.migrate import migrate
from sinks.operations.ledger import Connection
from tests.processors.rules.event_examples import NOON, PRACTICE
from tests.worlds import NO_GUARDS

SOURCE = "payments.example"


class StoredPayments:
    """Events and effects in their final shape; ids count up, and each event happens a minute after the last."""

    def __init__(self, database_url: str) -> None:
        migrate(database_url)
        self.connection: Connection = psycopg.connect(database_url, autocommit=True)
        self.events = 0
        self.effects = 0

    def practice(self, practice_id: str = PRACTICE) -> None:
        self.connection.execute("INSERT INTO practices (practice_id) VALUES (%s)", (practice_id,))

    def event(
        self,
        kind: str,
        subject: str,
        *entries: tuple[str, int] | tuple[str, int, str] | tuple[str, int, str, str],
        concerns: str | None = None,
        practice_id: str = PRACTICE,
        **columns: Any,
    ) -> str:
        """An event with its entries, each (kind, minor units, state POSTED, part ''). Answers its id."""
        self.events += 1
        event_id = f"ev-{self.events}"
        at: datetime = NOON + timedelta(minutes=self.events)
        values: dict[str, Any] = {
            "practice_id": practice_id,
            "source": SOURCE,
            "event_id": event_id,
            "subject": subject,
            "kind": kind,
            "version": 1,
            "event_type": "PaymentSucceeded",
            "digest_v": 1,
            "digest": b"",
            "money_digest": b"",
            "occurred_at": at,
            "appended_at": at,
            "received_at": at,
            "month": at.date().replace(day=1),
            "topic_id": "t",
            "part": 0,
            "off": self.events,
            "reason": "AUTO_INSTANT",
            "resolved_at": at,
            "concerns": concerns,
        }
        self._insert("events", values | columns)
        for entry_kind, minor, *rest in entries:
            state, part = (*rest, "", "")[0] or "POSTED", (*rest, "", "")[1]
            self.entry(event_id, entry_kind, minor, practice_id=practice_id, state=state, part=part)
        return event_id

    def entry(self, event_id: str, entry_kind: str, minor: int, **columns: Any) -> int:
        self.effects += 1
        values: dict[str, Any] = {
            "practice_id": PRACTICE,
            "effect_id": self.effects,
            "source": SOURCE,
            "event_id": event_id,
            "target": "QUICKBOOKS" if entry_kind.startswith("payout") else "PMS",
            "entry_kind": entry_kind,
            "part": "",
            "connection_id": "c",
            "lane": "l",
            "state": "POSTED",
            "reason": "AUTO_INSTANT",
            "due_at": NOON,
            "amount_minor": minor,
            "currency": "USD",
            "ledger_date": NOON.date(),
            "instruction": "{}",
            "request_id": f"r{self.effects}",
            "changed_at": NOON,
        }
        self._insert("effects", values | columns)
        return self.effects

    def keep_body(self, event: Event, decision: Decision, event_id: str) -> None:
        """The bytes and the plan of an event that is stored."""
        month = self.connection.execute("SELECT month FROM events WHERE event_id = %s", (event_id,)).fetchone()
        values = {
            "practice_id": event.practice_id,
            "month": None if month is None else month[0],
            "source": event.source,
            "event_id": event_id,
            "original_key": event.practice_id.encode(),
            "original": encode_event(event),
            "plan": msgspec.json.encode(decision),
        }
        self._insert("bodies", values)

    def row(self, table: str, **values: Any) -> None:
        """A row of any other table, of the practice unless another is named."""
        self._insert(table, {"practice_id": PRACTICE} | values)

    def explained(self, query: str, parameters: dict[str, Any]) -> str:
        """How Postgres runs a query."""
        rows: list[TupleRow] = self.connection.execute(f"EXPLAIN {query}", parameters).fetchall()
        return "\n".join(row[0] for row in rows)

    def _insert(self, table: str, values: dict[str, Any]) -> None:
        names = ", ".join(values)
        marks = ", ".join(f"%({name})s" for name in values)
        with self.connection.transaction():
            self.connection.execute(NO_GUARDS)
            self.connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)
