"""An SMS is one documented call: what it says, what each answer means, and what a rehearsal server takes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from deploy.sandbox.serving import control_application
from deploy.sandbox.sms import REFUSED_NUMBERS, SmsSink
from sinks.notices.channels.http_post import Answer
from sinks.notices.channels.port import Outcome, SendResult
from sinks.notices.channels.sms import LONGEST, SmsChannel, outcome, short_text
from streams.runtime.errors import ConfigurationError
from streams.settings import ProgramSettings
from tests.deploy.commands.console import writeback_here, writeback_json_here
from tests.sinks.notices.example_messages import DIGEST, message
from tests.sinks.notices.notice_ledger import NoticeLedger, wait_until
from tests.sinks.notices.test_webhook import receiving

ACCOUNT = "AC" + "0" * 32
SETTINGS = {"sms_account": ACCOUNT, "sms_token": "t0ken", "sms_from": "+12125550100"}
TO = "+12125550199"


@asynccontextmanager
async def a_provider() -> AsyncIterator[tuple[SmsSink, str]]:
    sink = SmsSink()
    runner = web.AppRunner(control_application("sms", sink.routes()), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield sink, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def channel(url: str, **over: str) -> SmsChannel:
    return SmsChannel(ProgramSettings.load(**(SETTINGS | {"sms_url": url} | over)))


@pytest.mark.parametrize("sender", ["+12125550100", "MG" + "a" * 32])
async def test_a_message_is_sent_from_the_account(sender: str) -> None:
    async with a_provider() as (sink, url):
        sent = await channel(url, sms_from=sender).send(message(recipient=TO))
    assert sent == SendResult(Outcome.SENT, "201")
    (taken,) = sink.messages
    assert (taken.account, taken.to, taken.sender) == (ACCOUNT, TO, sender)
    expected = "Writeback: 3 entries: a mapping is missing (practice Northside & Sons <1>) WBN-ABCDEFGHIJ"
    assert taken.body == expected


@pytest.mark.parametrize("number", sorted(REFUSED_NUMBERS))
async def test_a_number_that_takes_no_sms_is_refused_for_good(number: str) -> None:
    """But for a region that the operator's account has not enabled: that is repaired."""
    code, _ = REFUSED_NUMBERS[number]
    async with a_provider() as (sink, url):
        result = await channel(url).send(message(recipient=number))
    assert result == SendResult(Outcome.NOT_SENT if code == 21408 else Outcome.REFUSED, f"400/{code}")
    assert sink.messages == []


async def test_what_the_operator_has_to_repair_is_tried_again() -> None:
    async with a_provider() as (sink, url):
        sink.token = "another"
        assert await channel(url).send(message(recipient=TO)) == SendResult(Outcome.NOT_SENT, "401/20003")
        sink.token = None
        sink.answers += [429, 503, 500]
        results = [await channel(url).send(message(recipient=TO)) for _ in range(4)]
    outcomes = [Outcome.NOT_SENT, Outcome.NOT_SENT, Outcome.UNCERTAIN, Outcome.SENT]
    assert [each.outcome for each in results] == outcomes


async def test_what_is_no_number_leaves_nobody() -> None:
    assert await channel("http://127.0.0.1:9").send(message(recipient="555-0100")) == SendResult(
        Outcome.REFUSED, "BAD_NUMBER"
    )


@pytest.mark.parametrize(
    "text", [b"", b"[]", b'{"code": true}', b'{"code": "21211"}', b'{"code": 99999999999}', b"\xff"]
)
def test_an_odd_answer_says_nothing_of_the_number(text: bytes) -> None:
    assert outcome(Answer(400, text)) == SendResult(Outcome.NOT_SENT, "400")


def test_a_long_subject_is_cut_and_its_reference_is_not() -> None:
    text = short_text(message(subject="[Writeback] " + "x" * 900))
    assert len(text) == LONGEST
    assert text.endswith("… WBN-ABCDEFGHIJ")
    assert short_text(message(subject="[Writeback] 2 cases wait", incident=DIGEST)) == "Writeback: 2 cases wait"


@pytest.mark.parametrize(
    ("over", "variable"),
    [({"sms_url": "https://sms.example"}, "SMS_URL"), ({"sms_account": "AC1"}, "SMS_ACCOUNT"),
     ({"sms_from": "Dentist"}, "SMS_FROM"), ({"ops_sms": "0123"}, "OPS_SMS")],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(over: dict[str, str], variable: str) -> None:
    assert SmsChannel(ProgramSettings.load(**SETTINGS)).missing is None
    with pytest.raises(ConfigurationError, match=variable):
        SmsChannel(ProgramSettings.load(**(SETTINGS | over)))


@pytest.mark.stack
def test_a_contact_by_sms_waits_where_there_is_no_account_and_readiness_says_so(ledger: NoticeLedger) -> None:
    """Others are told meanwhile; a channel that nobody uses is nobody's business."""
    ledger.practice("northside", "office@northside.example")
    ledger.connection.execute("UPDATE practices SET added_at = now()")
    do = ("--yes", "--why", "asked", "--by", "Ada")
    refused = writeback_here(
        ledger.world, "practice", "contact", "set", "northside", "5550100", "--channel", "sms", *do
    )
    assert "such as +12125550100" in refused.errors
    added = writeback_json_here(ledger.world, "practice", "contact", "set", "northside", TO, "--channel", "sms", *do)
    assert added["after"]["digest"] is False
    ledger.effect(1)
    with ledger.notifier() as health:
        wait_until(lambda: len(ledger.mailbox.raw) == 1)
        wait_until(lambda: ledger.one("SELECT count(*) FROM deliveries WHERE channel = 'sms' AND state = 'DUE'") == 1)
        wait_until(lambda: "WRITEBACK_SMS_ACCOUNT" in health.is_ready()[1])
        assert "WRITEBACK_SECRET_KEY" not in health.is_ready()[1]
    with receiving() as provider:
        provider.status = 201
        with ledger.notifier(**SETTINGS, sms_url=provider.url):
            wait_until(lambda: ledger.one("SELECT state FROM deliveries WHERE channel = 'sms'") == "SENT")
    assert len(provider.taken) == 1
