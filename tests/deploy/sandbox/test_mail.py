"""The mail sink: real SMTP in, messages out, and its faults."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest

from deploy.sandbox.running import MailSandbox, SandboxProcess
from tests.scenarios.waiting import WITHIN_S


@pytest.fixture
def mail(sandbox: SandboxProcess) -> Iterator[MailSandbox]:
    sandbox.mail.clear()
    yield sandbox.mail
    sandbox.mail.clear_faults()


def _send(mail: MailSandbox, to: str = "books@harbor.example", login: bool = False) -> None:
    message = EmailMessage()
    message["Message-ID"] = "<n1@writeback.example>"
    message["From"] = "notices@writeback.example"
    message["To"] = to
    message["Subject"] = "3 payments could not be posted — what to do"
    message.set_content("Choose another payment type.\n")
    url = urlsplit(mail.smtp_url)
    with smtplib.SMTP(url.hostname or "", url.port or 0, timeout=WITHIN_S) as client:
        if login:
            client.login("anybody", "anything")
        client.send_message(message)


@pytest.mark.parametrize("login", [False, True])
def test_a_message_is_kept_as_it_came(mail: MailSandbox, login: bool) -> None:
    _send(mail, login=login)
    (message,) = mail.messages()
    assert message.recipients == ("books@harbor.example",)
    assert message.message_id == "<n1@writeback.example>"
    assert message.subject == "3 payments could not be posted — what to do"
    assert message.body == "Choose another payment type.\n"
    assert mail.messages(to="nobody@harbor.example") == []


def test_refusals_keep_nothing(mail: MailSandbox) -> None:
    mail.fault("refuse", times=1)
    with pytest.raises(smtplib.SMTPDataError) as refused:
        _send(mail)
    assert refused.value.smtp_code == 451
    mail.fault("refuse_recipient", recipient="gone@harbor.example", reply="550 5.1.1 No such user")
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        _send(mail, to="gone@harbor.example")
    assert mail.messages() == []
    _send(mail)
    assert len(mail.messages()) == 1


def test_a_message_whose_reply_never_comes_is_kept(mail: MailSandbox) -> None:
    """Law 26: uncertain mail is repeated once with the same Message-ID."""
    mail.fault("drop", times=1)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        _send(mail)
    _send(mail)
    assert [m.message_id for m in mail.messages()] == ["<n1@writeback.example>"] * 2
