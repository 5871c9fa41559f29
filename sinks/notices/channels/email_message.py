"""A letter as a mail. The Message-ID follows from the delivery's key, so a repeat is recognised as one (law 26)."""

from __future__ import annotations

import hashlib
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from sinks.notices.email_text import Letter
from streams.runtime.errors import ConfigurationError


def message_id(key: tuple[str, ...], domain: str) -> str:
    """The same for every try of a delivery, and for no other delivery. `key` is the primary key of the row."""
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


def compose(letter: Letter, *, message_id: str, sender: Address, recipient: str, written_at: datetime) -> EmailMessage:
    """The mail of a delivery. Same arguments, same bytes: a repeat differs in nothing."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(written_at)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.body)
    return message
