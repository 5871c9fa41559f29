"""Looks at the mail server as the notifier meets it: whether it answers, takes TLS, and shows a valid certificate.

Says hello and takes leave; no user is named and no mail is handed over.
"""

from __future__ import annotations

import smtplib
import ssl
from typing import Final

from cryptography import x509

from sinks.notices.channels.smtp import MailServer, mail_server
from sinks.operations.doctor.facts import Certificate, Looked, MailSeen
from sinks.operations.doctor.finding import Check
from streams.runtime.errors import ConfigurationError
from streams.runtime.loopback import is_loopback
from streams.settings import ProgramSettings

ANSWER_S: Final = 3.0
"""For each step."""


def look_at_mail_server(settings: ProgramSettings, looked: Looked) -> None:
    """Blocks for some seconds. Without a mail server nothing is looked at: its notices wait, and `unread` tells."""
    if not settings.smtp_url:
        return
    try:
        server = mail_server(settings.smtp_url)
    except ConfigurationError as error:
        looked.could_not(Check.MAIL, str(error))
        return
    try:
        _meet(server, looked)
    except ssl.SSLCertVerificationError as error:
        looked.saw("mail", MailSeen(server.host, unbelieved=error.verify_message or "not verified"))
    except (smtplib.SMTPException, OSError, ValueError) as error:
        looked.saw("mail", MailSeen(server.host, silent=_why(error)))


def _meet(server: MailServer, looked: Looked) -> None:
    """As the client of the notifier: certificates are verified wherever TLS is spoken."""
    context = ssl.create_default_context()
    if server.use_tls:
        client: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=ANSWER_S, context=context)
    else:
        client = smtplib.SMTP(server.host, server.port, timeout=ANSWER_S)
    with client:
        client.ehlo()
        if not server.use_tls and client.has_extn("starttls"):
            client.starttls(context=context)
        sock = client.sock
        shown = sock.getpeercert(binary_form=True) if isinstance(sock, ssl.SSLSocket) else None
    if shown is None:
        required = bool(server.start_tls)
        looked.saw("mail", MailSeen(server.host, no_tls=required or not is_loopback(server.host)))
        return
    end = x509.load_der_x509_certificate(shown).not_valid_after_utc
    looked.saw("certificates", (Certificate(f"the mail server {server.host}:{server.port}", end),))
    looked.saw("mail", MailSeen(server.host))


def _why(error: Exception) -> str:
    """A code of the server's or a kind: a text of theirs may hold anything."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__} {error.smtp_code}"
    return type(error).__name__
