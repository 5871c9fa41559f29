"""E-mail: a message as a mail with a Message-ID that follows from the delivery's key, handed over by SMTP (law 26)."""

from __future__ import annotations

import hashlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final

from schemas.validation.addresses import is_address
from sinks.notices.channels import smtp
from sinks.notices.channels.port import DeliveryKey, Message, Outcome, SendResult
from streams.runtime.errors import ConfigurationError
from streams.runtime.logging import log
from streams.settings import ProgramSettings

BAD_ADDRESS: Final = "BAD_ADDRESS"
_LOG: Final = log(__name__)
MISSING_SERVER: Final = "there is no mail server (WRITEBACK_SMTP_URL)"


class EmailChannel:
    """A `Channel`. Without a mail server its messages wait."""

    name = "email"
    at_once = 8
    """Many more and a small mail server starts to refuse."""
    deadline_s = smtp.DEADLINE_S

    def __init__(self, settings: ProgramSettings) -> None:
        """Raises ConfigurationError for a sender that is no address, or a server that cannot be one."""
        self._sender = sender_address(settings.notice_from)
        self._server = smtp.mail_server(settings.smtp_url) if settings.smtp_url else None
        self.operator = settings.ops_email or None
        if self.operator is not None and not is_address(self.operator):
            raise ConfigurationError("WRITEBACK_OPS_EMAIL: expected one address such as ops@yourdomain.example")
        self.missing = None if self._server else MISSING_SERVER

    def message_id(self, key: DeliveryKey) -> str:
        return message_id(key, self._sender.domain)

    async def send(self, message: Message) -> SendResult:
        if self._server is None:
            return SendResult(Outcome.NOT_SENT, "NO_SERVER")
        if not is_address(message.recipient):
            return SendResult(Outcome.REFUSED, BAD_ADDRESS)
        try:
            mail = compose(message, self._sender).as_bytes()
        except Exception as error:  # noqa: BLE001 - whatever the library cannot write is refused; nothing was sent
            _LOG.failure("a mail could not be written", error)
            return SendResult(Outcome.REFUSED, "CANNOT_BE_WRITTEN")
        return await smtp.send(self._server, mail, self._sender.addr_spec, message.recipient)


def message_id(key: DeliveryKey, domain: str) -> str:
    """The same for every try of a delivery, and for no other delivery. Pure."""
    digest = hashlib.sha256("\0".join(key).encode()).hexdigest()
    return f"<{digest[:40]}@{domain}>"


def sender_address(notice_from: str) -> Address:
    """WRITEBACK_NOTICE_FROM as an address. Raises ConfigurationError when it is none."""
    name, spec = parseaddr(notice_from)
    try:
        address = Address(display_name=name, addr_spec=spec)
    except (ValueError, IndexError) as error:
        raise ConfigurationError(
            "WRITEBACK_NOTICE_FROM: expected an address such as Writeback <notices@yourdomain.example>"
        ) from error
    if not address.domain:
        raise ConfigurationError("WRITEBACK_NOTICE_FROM: the address has no domain after the @")
    return address


def compose(message: Message, sender: Address) -> EmailMessage:
    """The mail of a message. Same arguments, same bytes: a repeat differs in nothing. Pure."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = message.recipient
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(message.written_at)
    mail["Message-ID"] = message.message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.body)
    return mail
