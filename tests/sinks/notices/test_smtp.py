"""What is known about a mail after one try, against a real SMTP server (law 26)."""

from __future__ import annotations

import asyncio

import pytest

from sinks.notices.channels import smtp
from sinks.notices.channels.email import compose, message_id, sender_address
from sinks.notices.channels.port import Outcome, SendResult
from sinks.notices.channels.smtp import mail_server, send
from streams.runtime.errors import ConfigurationError
from tests.sinks.notices.example_messages import message
from tests.sinks.notices.notice_ledger import Mailbox

SENDER = sender_address("Writeback <notices@writeback.example>")
KEY = ("northside", "posting:PMS:MAPPING_MISSING", "2026-03-02", "1-opened", "email", "office@northside.example")
MESSAGE = compose(
    message(
        message_id=message_id(KEY, SENDER.domain),
        subject="[Writeback] 3 entries — açaí",
        body="What happened: nothing.\n",
    ),
    SENDER,
    "help@writeback.example",
)


@pytest.fixture
def url(mailbox: Mailbox) -> str:
    return mailbox.url


async def try_once(url: str) -> SendResult:
    return await send(mail_server(url), MESSAGE.as_bytes(), SENDER.addr_spec, "office@northside.example")


async def test_an_accepted_mail_is_sent(url: str, mailbox: Mailbox) -> None:
    assert await try_once(url) == SendResult(Outcome.SENT, "250")
    assert b"Message-ID: " + message_id(KEY, SENDER.domain).encode() in mailbox.raw[0][1]


@pytest.mark.parametrize(
    ("answer", "outcome"), [("550 no such user", Outcome.REFUSED), ("451 later", Outcome.NOT_SENT)]
)
async def test_a_refused_recipient(url: str, mailbox: Mailbox, answer: str, outcome: Outcome) -> None:
    mailbox.rcpt_answer = answer
    assert await try_once(url) == SendResult(outcome, answer[:3])
    assert mailbox.raw == []


@pytest.mark.parametrize(("answer", "outcome"), [("554 spam", Outcome.REFUSED), ("452 full", Outcome.NOT_SENT)])
async def test_refused_content(url: str, mailbox: Mailbox, answer: str, outcome: Outcome) -> None:
    mailbox.data_answer = answer
    assert await try_once(url) == SendResult(outcome, answer[:3])


async def test_silence_after_the_content_is_uncertain(url: str, mailbox: Mailbox) -> None:
    mailbox.data_answer = None
    assert (await try_once(url)).outcome is Outcome.UNCERTAIN
    assert len(mailbox.raw) == 1


async def test_no_server_means_not_sent(unused_tcp_port: int) -> None:
    assert (await try_once(f"smtp://127.0.0.1:{unused_tcp_port}")).outcome is Outcome.NOT_SENT


async def test_a_server_that_never_greets_means_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "DEADLINE_S", 0.2)
    hold = asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hold.wait()
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert (await try_once(f"smtp://127.0.0.1:{port}")).outcome is Outcome.NOT_SENT
    hold.set()
    server.close()


def test_urls_that_cannot_be_are_refused_with_what_to_do() -> None:
    for url, word in [
        ("http://mail.example", "smtps://"),
        ("smtp:///x", "host"),
        ("smtp://me:secret@mail.example", "password"),
    ]:
        with pytest.raises(ConfigurationError, match=word) as caught:
            mail_server(url)
        assert "secret" not in str(caught.value)


def test_the_ways_to_tls() -> None:
    assert (mail_server("smtps://mail.example").port, mail_server("smtps://mail.example").use_tls) == (465, True)
    assert mail_server("smtp+starttls://u:p%40ss@mail.example").start_tls is True
    assert mail_server("smtp+starttls://u:p%40ss@mail.example").password == "p@ss"
    assert "p@ss" not in repr(mail_server("smtp+starttls://u:p%40ss@mail.example"))


def test_a_sender_without_a_domain_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="NOTICE_FROM"):
        sender_address("Writeback")
