"""The mail server as the notifier meets it: silent, in the clear, with a certificate that counts or does not."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from sinks.operations.doctor import mail_look
from sinks.operations.doctor.facts import Certificate, Facts, Looked, MailSeen
from sinks.operations.doctor.mail_look import look_at_mail_server
from streams.settings import ProgramSettings
from tests.sinks.operations.doctor.test_certificates import LATER, NOW, made


@contextmanager
def mail_server_of(folder: Path, *, at_once: bool = False, starttls: bool = True) -> Iterator[int]:
    """Speaks as much SMTP as a greeting takes. `at_once`: TLS from the first byte."""
    certificate, key = made(LATER)
    (folder / "mail.pem").write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "mail.pem")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                connection, _ = listener.accept()
                if at_once:
                    connection = context.wrap_socket(connection, server_side=True)
                connection.sendall(b"220 mail.example ESMTP\r\n")
                while line := connection.recv(1_000):
                    verb = line[:4].upper()
                    if verb == b"EHLO":
                        connection.sendall(
                            b"250-mail.example\r\n250 " + (b"STARTTLS" if starttls else b"HELP") + b"\r\n"
                        )
                    elif verb == b"STAR":
                        connection.sendall(b"220 go on\r\n")
                        connection = context.wrap_socket(connection, server_side=True)
                    else:
                        connection.sendall(b"221 bye\r\n")
                        break
                connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]


def seen(url: str) -> Facts:
    looked = Looked()
    look_at_mail_server(ProgramSettings.load(smtp_url=url), looked)
    return looked.so_far(NOW)[0]


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls", "smtp"])
def test_a_certificate_that_is_believed_is_dated(scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server_of(tmp_path, at_once=scheme == "smtps") as port:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "mail.pem"))
        facts = seen(f"{scheme}://localhost:{port}")
    assert facts.mail == MailSeen("localhost")
    assert facts.certificates == (Certificate(f"the mail server localhost:{port}", LATER),)


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_one_of_its_own_making_is_not_believed(scheme: str, tmp_path: Path) -> None:
    with mail_server_of(tmp_path, at_once=scheme == "smtps") as port:
        facts = seen(f"{scheme}://localhost:{port}")
    assert facts.mail is not None
    assert "self" in (facts.mail.unbelieved or "")
    assert facts.certificates == ()


def test_a_server_without_tls_is_told_where_it_matters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server_of(tmp_path, starttls=False) as port:
        assert seen(f"smtp+starttls://localhost:{port}").mail == MailSeen("localhost", no_tls=True)
    with mail_server_of(tmp_path, starttls=False) as port:
        assert seen(f"smtp://localhost:{port}").mail == MailSeen("localhost"), "it does not leave this machine"
    monkeypatch.setattr(mail_look, "is_loopback", lambda _: False)
    with mail_server_of(tmp_path, starttls=False) as port:
        assert seen(f"smtp://localhost:{port}").mail == MailSeen("localhost", no_tls=True)


def test_one_that_is_silent_or_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_look, "ANSWER_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert seen(f"smtp://localhost:{port}").mail == MailSeen("localhost", silent="SMTPServerDisconnected")
    facts = seen(f"smtp://localhost:{port}")
    assert facts.mail == MailSeen("localhost", silent="ConnectionRefusedError")
    assert seen("").mail is None, "without a mail server nothing is looked at"
