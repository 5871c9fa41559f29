"""E-mail: a message as a mail with a Message-ID that follows from the delivery's key, handed over by SMTP (law 26)."""

from __future__ import annotations

import hashlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime, parseaddr
from typing import Final
from urllib.parse import quote

from schemas.validation.addresses import is_address
from sinks.notices.channels import smtp
from sinks.notices.channels.digest_end import ONE_CLICK, DigestEnds
from sinks.notices.channels.html_body import html_body
from sinks.notices.channels.message_ids import digest_of
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
        self._unsubscribe = settings.support if is_address(settings.support) else self._sender.addr_spec
        self._ends = _digest_ends(settings)
        self._console_url = settings.console_url
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
            mail = compose(message, self._sender, self._unsubscribe, self._one_click(message)).as_bytes()
        except Exception as error:  # noqa: BLE001 - whatever the library cannot write is refused; nothing was sent
            _LOG.failure("a mail could not be written", error)
            return SendResult(Outcome.REFUSED, "CANNOT_BE_WRITTEN")
        return await smtp.send(self._server, mail, self._sender.addr_spec, message.recipient)

    def _one_click(self, message: Message) -> str | None:
        if self._ends is None or not message.incident.is_digest:
            return None
        return self._ends.address(self._console_url, message.incident.practice_id, message.recipient)


def _digest_ends(settings: ProgramSettings) -> DigestEnds | None:
    """Where the console can be reached by a mail program, over https, and there is a key to make codes with."""
    if not settings.console_url.startswith("https://") or not (settings.secret_key or settings.secret_key_file):
        return None
    return DigestEnds([settings.secret(), *settings.retired_secrets()])


def message_id(key: DeliveryKey, domain: str) -> str:
    """The same for every try of a delivery, and for no other delivery. Pure."""
    return f"<{digest_of(key)}@{domain}>"


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


class _MailPolicy(EmailPolicy):
    """As SMTP, but the addresses of List-Unsubscribe stay as they are: no mail program reads them as encoded words, as
    which a long one without blanks would be folded (RFC 2047 section 5)."""

    def fold_binary(self, name: str, value: str) -> bytes:
        if name == "List-Unsubscribe":
            return SMTP.clone(max_line_length=LONGEST_LINE).fold_binary(name, value)
        return super().fold_binary(name, value)


LONGEST_LINE: Final = 998
"""Of a mail (RFC 5322 section 2.1.1)."""
_MAIL: Final = _MailPolicy(linesep="\r\n")


def compose(message: Message, sender: Address, unsubscribe: str, one_click: str | None = None) -> EmailMessage:
    """The mail of a message, as text and as HTML. Same arguments, same bytes: a repeat differs in nothing. Pure.

    Later messages of an incident stand under its first one (RFC 5322 section 3.6.4). A digest says how it is ended: by
    one click at the https address `one_click` where there is one (RFC 8058), by a mail to `unsubscribe` (RFC 2369).
    """
    mail = EmailMessage(policy=_MAIL)
    mail["From"] = sender
    mail["To"] = message.recipient
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(message.written_at)
    mail["Message-ID"] = message.message_id
    if message.thread is not None:
        mail["In-Reply-To"] = message.thread
        mail["References"] = message.thread
    mail["Auto-Submitted"] = "auto-generated"
    if message.incident.is_digest:
        about = quote(f"No digest of {message.incident.practice_id} for {message.recipient}")
        by_mail = f"<mailto:{unsubscribe}?subject={about}>"
        mail["List-Unsubscribe"] = by_mail if one_click is None else f"<{one_click}>, {by_mail}"
        if one_click is not None:
            mail["List-Unsubscribe-Post"] = ONE_CLICK
    mail.set_content(message.body)
    mail.add_alternative(html_body(message.subject, message.body), subtype="html")
    mail.set_boundary(f"={hashlib.sha256(message.message_id.encode()).hexdigest()[:32]}=")
    return mail
