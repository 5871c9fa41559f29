"""The mail sink: a real SMTP server that keeps every message, and an HTTP side to read them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import StrEnum
from typing import Any

import msgspec
from aiosmtpd.smtp import SMTP, Envelope, Session
from aiosmtpd.smtp import AuthResult as SmtpAuthResult

from deploy.sandbox.control import CONTROL
from deploy.sandbox.exchange import Answer, Incoming, Route, as_json


class MailFaultKind(StrEnum):
    """How the mail server may fail."""

    REFUSE = "refuse"
    """Answers `reply` (such as `451 4.3.0 Try later` or `550 5.1.1 No such user`) to the message; not kept."""
    REFUSE_RECIPIENT = "refuse_recipient"
    """Answers `reply` to the recipient."""
    DROP = "drop"
    """The message is kept, but the connection closes without a reply: uncertain mail (law 26)."""
    SLOW = "slow"
    """Keeps the message and replies after `seconds`."""


class MailFault(msgspec.Struct):
    """`times`: how many messages it hits (None: all, until removed). `recipient`: only mail to this address."""

    kind: MailFaultKind
    times: int | None = None
    recipient: str = ""
    reply: str = "451 4.3.0 Temporary failure, try again later"
    seconds: float = 0.0
    hit: int = 0


class ReceivedMail(msgspec.Struct, frozen=True):
    """One message as it was accepted. `received_ns`: nanoseconds since the epoch. Body is the plain text part."""

    number: int
    received_ns: int
    mail_from: str
    recipients: tuple[str, ...]
    message_id: str
    subject: str
    sender: str
    to: str
    body: str
    headers: dict[str, str]


class MailSink:
    """Handler of the SMTP server, and the control path to what it received."""

    def __init__(self) -> None:
        self.messages: list[ReceivedMail] = []
        self.faults: list[MailFault] = []

    def server(self) -> SMTP:
        """One SMTP session; a factory for `loop.create_server`. Any user name and password are taken."""
        return SMTP(
            self,
            hostname="sandbox.invalid",
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=_anyone,
        )

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        fault = self._hit(MailFaultKind.REFUSE_RECIPIENT, [address])
        if fault is not None:
            return fault.reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if refused := self._hit(MailFaultKind.REFUSE, envelope.rcpt_tos):
            return refused.reply
        self._keep(envelope)
        transport: Any = server.transport  # uvloop's is no subclass of asyncio's
        if self._hit(MailFaultKind.DROP, envelope.rcpt_tos) and transport is not None:
            transport.abort()
        if slow := self._hit(MailFaultKind.SLOW, envelope.rcpt_tos):
            await asyncio.sleep(slow.seconds)
        return "250 2.0.0 Message accepted"

    def _hit(self, kind: MailFaultKind, recipients: list[str]) -> MailFault | None:
        for fault in self.faults:
            spent = fault.times is not None and fault.hit >= fault.times
            if fault.kind is kind and not spent and (not fault.recipient or fault.recipient in recipients):
                fault.hit += 1
                return fault
        return None

    def _keep(self, envelope: Envelope) -> None:
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        message = message_from_bytes(content, policy=policy.default)
        part: Any = message.get_body(("plain", "html")) if isinstance(message, EmailMessage) else None
        self.messages.append(
            ReceivedMail(
                len(self.messages) + 1,
                time.time_ns(),
                envelope.mail_from or "",
                tuple(envelope.rcpt_tos),
                str(message["Message-ID"] or ""),
                str(message["Subject"] or ""),
                str(message["From"] or ""),
                str(message["To"] or ""),
                part.get_content().replace("\r\n", "\n") if part is not None else "",
                {name: str(value) for name, value in message.items()},
            )
        )

    def routes(self) -> Iterator[Route]:
        """The HTTP side: messages, faults, health."""
        yield Route("GET", f"{CONTROL}/health", self._health)
        yield Route("GET", f"{CONTROL}/messages", self._received)
        yield Route("DELETE", f"{CONTROL}/messages", lambda _: self._cleared(self.messages))
        yield Route("GET", f"{CONTROL}/faults", lambda _: as_json(200, self.faults))
        yield Route("POST", f"{CONTROL}/faults", self._add_fault)
        yield Route("DELETE", f"{CONTROL}/faults", lambda _: self._cleared(self.faults))

    def _health(self, _: Incoming) -> Answer:
        return as_json(200, {"server": "mail", "messages": len(self.messages)})

    def _received(self, given: Incoming) -> Answer:
        to = given.query.get("to", "")
        return as_json(200, [m for m in self.messages if not to or to in m.recipients])

    def _add_fault(self, given: Incoming) -> Answer:
        self.faults.append(msgspec.json.decode(given.body, type=MailFault))
        return as_json(201, {})

    def _cleared(self, kept: list[Any]) -> Answer:
        kept.clear()
        return as_json(200, {})


def _anyone(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> SmtpAuthResult:
    return SmtpAuthResult(success=True)
