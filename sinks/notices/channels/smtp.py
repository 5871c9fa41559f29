"""Hands one mail to a mail server by SMTP, and says what is known about it afterwards."""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib
import msgspec

from sinks.notices.channels.port import Outcome, SendResult
from streams.runtime.errors import ConfigurationError
from streams.runtime.loopback import is_loopback

DEADLINE_S: Final = 30.0
"""Total time for one mail. A server that greylists or scans answers well within it; the row is due again after."""
_DEFAULT_PORTS: Final = {"smtp": 587, "smtps": 465, "smtp+starttls": 587}


class MailServer(msgspec.Struct, frozen=True, kw_only=True):
    """Where mail is handed over. Holds a password: never printed."""

    host: str
    port: int
    use_tls: bool
    start_tls: bool | None
    username: str | None
    password: str | None

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port})"


def mail_server(url: str) -> MailServer:
    """From `smtp://`, `smtps://` or `smtp+starttls://[user:password@]host[:port]`.

    `smtp://` takes STARTTLS where the server offers it. Raises ConfigurationError for another scheme, a missing host,
    and for a password that would go over the network in the clear.
    """
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ConfigurationError(
            "WRITEBACK_SMTP_URL: expected smtp://, smtps:// or smtp+starttls:// with a host, such as smtps://mail.example"
        )
    if parts.scheme == "smtp" and parts.password and not is_loopback(parts.hostname):
        raise ConfigurationError(
            "WRITEBACK_SMTP_URL: a password over smtp:// could be read on the way; use smtps:// or smtp+starttls://"
        )
    return MailServer(
        host=parts.hostname,
        port=parts.port or _DEFAULT_PORTS[parts.scheme],
        use_tls=parts.scheme == "smtps",
        start_tls={"smtps": False, "smtp+starttls": True}.get(parts.scheme),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


async def send(server: MailServer, message: bytes, sender: str, recipient: str) -> SendResult:
    """Try once, within DEADLINE_S in total. Never raises for what the server does.

    Steps whose order is the guarantee: 1. connect, log in, name sender and recipient: a failure here proves that
    nothing was sent. 2. hand over the content: silence from here on is UNCERTAIN. 3. take leave: no longer matters.
    A 5xx on recipient or content is REFUSED; a refused login or sender is the operator's to repair, so NOT_SENT.
    """
    about_this_mail = handed_over = False
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.username,
        password=server.password,
        use_tls=server.use_tls,
        start_tls=server.start_tls,
        timeout=DEADLINE_S,
    )
    try:
        async with asyncio.timeout(DEADLINE_S):
            await client.connect()
            await client.mail(sender)
            about_this_mail = True
            await client.rcpt(recipient)
            handed_over = True
            response = await client.data(message)
        return SendResult(Outcome.SENT, str(response.code))
    except aiosmtplib.SMTPResponseException as error:
        for_good = about_this_mail and 500 <= error.code < 600
        return SendResult(Outcome.REFUSED if for_good else Outcome.NOT_SENT, str(error.code))
    except ValueError as error:
        # The client does not even say such an address: nothing was handed over.
        return SendResult(Outcome.UNCERTAIN if handed_over else Outcome.REFUSED, type(error).__name__)
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        return SendResult(Outcome.UNCERTAIN if handed_over else Outcome.NOT_SENT, type(error).__name__)
    finally:
        client.close()
