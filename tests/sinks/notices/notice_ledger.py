"""A ledger with things that went wrong, a mailbox whose answers a test sets, and a notifier between them."""

from __future__ import annotations

import asyncio
import email
import email.policy
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import psycopg
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from deploy.local.ports import free_ports
from sinks.notices import role
from streams.runtime.clock import set_rehearsal
from streams.runtime.endpoints import Health
from tests.scenarios.waiting import WITHIN_S
from tests.sinks.role_threads import role_thread
from tests.worlds import NO_GUARDS, World

DEADLINE_S = WITHIN_S
MORNING = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


class ReadMail(EmailMessage):
    """A mail as a person reads it: its text, whatever else is beside it."""

    def get_content(self, *args: Any, **kwargs: Any) -> Any:
        if not self.is_multipart():
            return super().get_content(*args, **kwargs)
        part = self.get_body(("plain",))
        assert part is not None
        return part.get_content(*args, **kwargs)


POLICY = email.policy.default.clone(message_factory=ReadMail)


class Mailbox:
    """A real SMTP server whose answers a test sets."""

    def __init__(self) -> None:
        self.raw: list[tuple[str, bytes]] = []
        self.rcpt_answer = "250 OK"
        self.data_answer: str | None = "250 OK"
        self.url = ""

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt_answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt_answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        self.raw.append((envelope.rcpt_tos[0], content if isinstance(content, bytes) else b""))
        if self.data_answer is None:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
            return "421 gone"
        return self.data_answer

    def mails(self) -> list[tuple[str, EmailMessage]]:
        return [(to, email.message_from_bytes(raw, policy=POLICY)) for to, raw in list(self.raw)]

    def subjects(self, to: str | None = None) -> list[str]:
        return [str(mail["Subject"]).strip() for rcpt, mail in self.mails() if to in (None, rcpt)]


@contextmanager
def a_mailbox() -> Iterator[Mailbox]:
    """A mailbox on a free port of this machine."""
    (port,) = free_ports(1)
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=port, ready_timeout=WITHIN_S)
    controller.start()
    box.url = f"smtp://127.0.0.1:{port}"
    yield box
    controller.stop()


class Beats(Health):
    """Health that counts what a role's loop has done: a count that grew says that the clock is read anew."""

    count = 0

    def beat(self) -> None:
        self.count += 1
        super().beat()


class NoticeLedger:
    """What the ledger says, written directly; the notifier only reads it."""

    def __init__(self, world: World, connection: psycopg.Connection[TupleRow], mailbox: Mailbox, folder: Path) -> None:
        self.world = world
        self.connection = connection
        self.mailbox = mailbox
        self.clock = folder / "clock"
        self._slots = itertools.count()
        self._running: list[Beats] = []
        self.at(MORNING)

    def at(self, instant: datetime) -> None:
        """Make it this time of business, for running notifiers too: what is written next is read at this time, not by
        an iteration that had looked at the clock before."""
        self.now = instant
        set_rehearsal(self.clock, instant)
        before = [(each, each.count) for each in self._running]
        wait_until(lambda: all(each.count > count for each, count in before))

    def later(self, by: timedelta) -> None:
        self.at(self.now + by)

    def practice(self, practice_id: str = "northside", *contacts: str) -> None:
        self.connection.execute("INSERT INTO practices (practice_id) VALUES (%s)", (practice_id,))
        for address in contacts:
            self.connection.execute(
                "INSERT INTO contacts (practice_id, address) VALUES (%s, %s)", (practice_id, address)
            )

    def saved(self, practice_id: str, body: dict[str, Any]) -> None:
        """The practice's first version, in force from the beginning."""
        self.connection.execute(
            "INSERT INTO settings (practice_id, version, effective_from, body, saved_at, saved_by, reason)"
            " VALUES (%s, 1, 'epoch', %s, now(), 'test', 'test')",
            (practice_id, Jsonb(body)),
        )

    def effect(self, effect_id: int, practice_id: str = "northside", **columns: Any) -> None:
        """An effect in the given state; its event is made with it. The transition guard is not what is tested here."""
        self.connection.execute(
            "INSERT INTO events (practice_id, source, event_id, subject, kind, version, event_type, digest_v, digest,"
            " money_digest, occurred_at, appended_at, received_at, month, topic_id, part, off, reason, resolved_at)"
            " VALUES (%s, 'payments.example', %s, %s, 'payment', 1, 'PaymentSucceeded', 1, '', '', now(), now(), now(),"
            " '2026-03-01', 't', 0, %s, 'AUTO_INSTANT', now())",
            (practice_id, f"e{effect_id}", f"s{effect_id}", effect_id),
        )
        values: dict[str, Any] = {
            "practice_id": practice_id,
            "effect_id": effect_id,
            "source": "payments.example",
            "event_id": f"e{effect_id}",
            "target": "PMS",
            "entry_kind": "payment",
            "part": "",
            "connection_id": "pms",
            "lane": f"p:{effect_id}",
            "state": "INVALID_CONFIG",
            "reason": "MAPPING_MISSING",
            "due_at": MORNING,
            "amount_minor": 12345,
            "currency": "USD",
            "ledger_date": MORNING.date(),
            "patient_ref": "pat-CANARY",
            "instruction": "{}",
            "request_id": f"r{effect_id}",
            "changed_at": MORNING,
        } | columns
        names = ", ".join(values)
        marks = ", ".join(f"%({name})s" for name in values)
        with self.connection.transaction():
            self.connection.execute(NO_GUARDS)
            self.connection.execute(f"INSERT INTO effects ({names}) VALUES ({marks})", values)

    def event(self, number: int, practice_id: str = "northside", **columns: Any) -> None:
        """An event alone, that came at `received_at` (default: now)."""
        values: dict[str, Any] = {
            "practice_id": practice_id,
            "source": "payments.example",
            "event_id": f"e{number}",
            "subject": f"s{number}",
            "kind": "refund",
            "version": 1,
            "event_type": "RefundSucceeded",
            "digest_v": 1,
            "digest": b"",
            "money_digest": b"",
            "occurred_at": self.now,
            "appended_at": self.now,
            "received_at": self.now,
            "month": MORNING.date().replace(day=1),
            "topic_id": "t",
            "part": 0,
            "off": number,
            "reason": "FOLLOWS_ORIGINAL",
        } | columns
        values["resolved_at"] = None if values.get("waiting") else self.now
        names = ", ".join(values)
        marks = ", ".join(f"%({name})s" for name in values)
        self.connection.execute(f"INSERT INTO events ({names}) VALUES ({marks})", values)

    def resolve(self, *numbers: int) -> None:
        self.connection.execute(
            "UPDATE events SET waiting = NULL, resolved_at = now() WHERE event_id = ANY(%s)",
            ([f"e{number}" for number in numbers],),
        )

    def set_state(self, state: str, *effect_ids: int, redrives: int | None = None) -> None:
        with self.connection.transaction():
            self.connection.execute(NO_GUARDS)
            self.connection.execute(
                "UPDATE effects SET state = %s, redrives = coalesce(%s, redrives) WHERE effect_id = ANY(%s)",
                (state, redrives, list(effect_ids)),
            )

    def dead_letter(
        self,
        offset: int,
        practice_id: str = "northside",
        *,
        stage: str = "rules",
        reason: str = "CONFLICT",
        redrives: int = 0,
    ) -> None:
        self.connection.execute(
            "INSERT INTO dead_letters (practice_id, topic_id, part, off, redrives, topic, stage, reason,"
            " first_failed_at, last_failed_at, dl_topic_id, dl_part, dl_off, stored_at)"
            " VALUES (%s, 't', 0, %s, %s, 'payments.v1', %s, %s, %s, %s, 'd', 0, %s, now())",
            (practice_id, offset, redrives, stage, reason, MORNING, MORNING, offset),
        )

    def connection_closed(self, reason: str | None, for_minutes: int, practice_id: str = "northside") -> None:
        self.connection.execute(
            "INSERT INTO connections (home_practice_id, connection_id, target, route, base_url, account_fingerprint)"
            " VALUES (%s, 'pms', 'PMS', 'open_dental', 'http://127.0.0.1', %s) ON CONFLICT DO NOTHING",
            (practice_id, practice_id),
        )
        self.connection.execute(
            "INSERT INTO practice_connections VALUES (%s, 'PMS', %s, 'pms') ON CONFLICT DO NOTHING",
            (practice_id, practice_id),
        )
        self.connection.execute(
            "UPDATE connections SET closed_reason = %s, closed_at = now() - make_interval(mins => %s)",
            (reason, for_minutes),
        )

    def one(self, query: str) -> Any:
        row = self.connection.execute(query).fetchone()
        return None if row is None else row[0]

    def settings(self) -> dict[str, Any]:
        return {
            "smtp_url": self.mailbox.url,
            "notice_from": "Writeback <notices@writeback.example>",
            "ops_email": "ops@writeback.example",
            "rehearsal_clock": self.clock,
        }

    @contextmanager
    def notifier(self, **over: Any) -> Iterator[Health]:
        """A notifier that runs while the block does, and its health; `over`: other settings of the program."""
        settings = self.world.settings(**self.settings() | over, slot=next(self._slots))
        health = Beats()
        with role_thread(lambda stop: role.run(settings, stop, health)):
            self._running.append(health)
            try:
                yield health
            finally:
                self._running.remove(health)


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for a condition of the outside world, and fail with it when it does not come."""
    until = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < until, "the expected did not happen in time"
        threading.Event().wait(0.02)
