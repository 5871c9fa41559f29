"""A webhook is verified by its receivers' own library, taken once, and says what is known of every try."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from deploy.local.ports import free_ports
from sinks.notices.channels import http_post
from sinks.notices.channels.endpoints import new_signing_key
from sinks.notices.channels.port import Outcome, SendResult
from sinks.notices.channels.webhook import WebhookChannel, payload, signed_headers
from sinks.targets.credentials import KeyRing
from streams.runtime.errors import ConfigurationError
from streams.settings import ProgramSettings
from tests.deploy.commands.console import writeback_here, writeback_json_here
from tests.scenarios.waiting import WITHIN_S
from tests.sinks.notices.example_messages import message
from tests.sinks.notices.notice_ledger import NoticeLedger, wait_until
from tests.sinks.notices.receivers import Inbox, Receiver, WebhookVerificationError, a_receiver

KEY = new_signing_key()
SECRET = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
TO_OPERATOR = {"recipient": "operator"}


def channel(url: str) -> WebhookChannel:
    return WebhookChannel(
        ProgramSettings.load(ops_webhook_url=url, ops_webhook_secret=KEY, notice_loopback=True, secret_key=SECRET)
    )


async def test_a_receiver_verifies_it_and_takes_a_repeat_once() -> None:
    async with a_receiver() as receiver:
        for _ in range(2):
            sent = await channel(receiver.url).send(message(**TO_OPERATOR, message_id="msg_1"))
            assert sent == SendResult(Outcome.SENT, "200")
    (_, headers, body), (_, again, repeated) = receiver.taken
    assert body == repeated
    inbox = Inbox(KEY)
    said = inbox.take(headers, body)
    assert inbox.take(again, repeated) is None
    assert said["type"] == "notice.opened"
    assert said["timestamp"] == "2026-03-02T15:00:00Z"
    assert said["data"] == {
        "reference": "WBN-ABCDEFGHIJ",
        "practice_id": "northside",
        "cause": "posting:PMS:MAPPING_MISSING",
        "opened_at": "2026-03-02T15:00:00Z",
        "subject": message().subject,
        "text": message().body,
    }
    with pytest.raises(WebhookVerificationError):
        inbox.take(headers, body.replace(b"3 entries", b"4 entries"))
    with pytest.raises(WebhookVerificationError):
        Inbox(new_signing_key()).take(headers, body)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_old_or_future_signature_is_refused_by_receivers(minutes: int) -> None:
    """What was caught on the way cannot be played again later."""
    body = payload(message())
    headers = signed_headers(KEY, "msg_1", body, datetime.now(UTC) + timedelta(minutes=minutes))
    with pytest.raises(WebhookVerificationError):
        Inbox(KEY).take(headers, body)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(204, Outcome.SENT), (410, Outcome.REFUSED), (400, Outcome.NOT_SENT), (401, Outcome.NOT_SENT),
     (429, Outcome.NOT_SENT), (500, Outcome.NOT_SENT), (302, Outcome.NOT_SENT)],
)  # fmt: skip
async def test_an_answer_says_whether_it_is_tried_again(status: int, outcome: Outcome) -> None:
    async with a_receiver() as receiver:
        receiver.status, receiver.headers = status, {"location": f"{receiver.url}/elsewhere"}
        assert await channel(receiver.url).send(message(**TO_OPERATOR)) == SendResult(outcome, str(status))
        assert [path for path, _, _ in receiver.taken] == ["/"], "no redirect is followed"


async def test_silence_is_doubt_and_nobody_there_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_receiver() as receiver:
        receiver.silent = True
        assert (await channel(receiver.url).send(message(**TO_OPERATOR))).outcome is Outcome.UNCERTAIN
        receiver.silent, receiver.never = False, True
        monkeypatch.setattr(http_post, "DEADLINE_S", 0.3)
        late = await channel(receiver.url).send(message(**TO_OPERATOR))
        assert late == SendResult(Outcome.UNCERTAIN, "TimeoutError")
        receiver.never = False
    (port,) = free_ports(1)
    nobody = await channel(f"http://127.0.0.1:{port}").send(message(**TO_OPERATOR))
    assert nobody.outcome is Outcome.NOT_SENT


async def test_no_more_of_an_answer_is_read_than_its_beginning() -> None:
    async with a_receiver() as receiver:
        receiver.text = "x" * 3_000_000
        answer = await http_post.post(receiver.url, b"{}", {}, loopback=True)
        assert isinstance(answer, http_post.Answer)
        assert len(answer.text) == http_post.ANSWER_LIMIT


@pytest.mark.parametrize(
    "over",
    [{"ops_webhook_url": "http://hooks.example/x"}, {"ops_webhook_url": "https://10.0.0.1/"},
     {"ops_webhook_secret": "whsec_c2hvcnQ="}, {"ops_webhook_secret": "c2hvcnQ="}],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(over: dict[str, str]) -> None:
    good = {"ops_webhook_url": "https://hooks.example/x", "ops_webhook_secret": KEY}
    assert WebhookChannel(ProgramSettings.load(**good)).operator == "operator"
    with pytest.raises(ConfigurationError, match="WRITEBACK_OPS_WEBHOOK"):
        WebhookChannel(ProgramSettings.load(**(good | over)))


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver in a loop of its own, for as long as the block runs."""
    loop = asyncio.new_event_loop()
    ready, found = threading.Event(), []
    stop = asyncio.Event()

    async def serve() -> None:
        async with a_receiver() as receiver:
            found.append(receiver)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait()
    yield found[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()


@pytest.mark.stack
def test_contacts_by_webhook_and_chat_are_told_from_opening_to_end(ledger: NoticeLedger, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Their addresses are sealed, one that leads nowhere stops nobody, and what they read names one incident."""
    ledger.practice("northside", "office@northside.example")
    ledger.connection.execute("UPDATE practices SET added_at = now()")
    setup = {"notice_loopback": True, "secret_key": SECRET}
    do = ("--yes", "--why", "asked", "--by", "Ada")
    with receiving() as receiver:
        keys = {}
        (nowhere,) = free_ports(1)
        for name, where, url in (
            ("hook", "webhook", f"{receiver.url}/hook"),
            ("room", "slack", f"{receiver.url}/slack"),
            ("team", "teams", f"{receiver.url}/teams"),
            ("away", "webhook", f"http://127.0.0.1:{nowhere}/gone"),
        ):
            file = tmp_path / name
            file.write_text(f"{url}\n")
            given = (name, "--channel", where, "--url-from", str(file))
            shown = writeback_here(ledger.world, "practice", "contact", "set", "northside", *given, **setup)
            assert (shown.code, "whsec_" in shown) == (0, False), shown.errors
            done = writeback_json_here(ledger.world, "practice", "contact", "set", "northside", *given, *do, **setup)
            keys[name] = done["signing_key"]
        assert keys["room"] is None
        with ledger.notifier(**setup):
            ledger.effect(1)
            wait_until(lambda: len(receiver.taken) == 3)
            wait_until(lambda: len(ledger.mailbox.raw) == 1)
            ledger.later(timedelta(hours=25))
            wait_until(lambda: len(receiver.taken) == 6)
            ledger.set_state("POSTED", 1)
            wait_until(lambda: len(receiver.taken) == 9)
    inbox = Inbox(keys["hook"])
    hooks = [inbox.take(headers, body) for path, headers, body in receiver.taken if path == "/hook"]
    assert [each["type"] for each in hooks] == ["notice.opened", "notice.reminder", "notice.resolved"]
    (reference,) = {each["data"]["reference"] for each in hooks}
    assert all(reference in body.decode() for body in receiver.bodies())
    assert not [body for body in receiver.bodies() if b"CANARY" in body]
    stored = ledger.connection.execute("SELECT address, endpoint FROM contacts WHERE endpoint IS NOT NULL").fetchall()
    assert sorted(address for address, _ in stored) == ["away", "hook", "room", "team"]
    ring = KeyRing.of(ProgramSettings.load(secret_key=SECRET))
    channels = {"hook": "webhook", "away": "webhook", "room": "slack", "team": "teams"}
    for address, endpoint in stored:
        assert b"127.0.0.1" not in endpoint
        opened = json.loads(ring.open("northside", f"contact {channels[address]} {address}", endpoint))
        assert opened["url"].startswith("http://127.0.0.1")
    trail = ledger.one("SELECT string_agg(coalesce(after::text, ''), ' ') FROM audit WHERE action = 'contact.set'")
    assert "127.0.0.1" not in trail
    assert "whsec_" not in trail


@pytest.mark.stack
def test_a_receiver_that_hangs_holds_up_no_other_channel(ledger: NoticeLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """More mails than one batch holds go out while the webhook's only try is still under way."""
    monkeypatch.setattr(http_post, "DEADLINE_S", WITHIN_S * 2)
    people = [f"n{n}@northside.example" for n in range(20)]
    ledger.practice("northside", *people)
    with receiving() as receiver:
        receiver.never = True
        to_operator = {"ops_webhook_url": receiver.url, "ops_webhook_secret": KEY, "notice_loopback": True}
        ledger.dead_letter(1, stage="rules", reason="CARD_NUMBER")
        with ledger.notifier(**to_operator):
            wait_until(lambda: len(receiver.taken) == 1)
            wait_until(lambda: {to for to, _ in ledger.mailbox.raw} >= set(people))
            assert ledger.one("SELECT state FROM deliveries WHERE channel = 'webhook'") == "SENDING"
            receiver.never = False
            wait_until(lambda: ledger.one("SELECT state FROM deliveries WHERE channel = 'webhook'") == "SENT")


@pytest.mark.stack
def test_a_secret_address_is_asked_for_where_it_is_needed_and_nowhere_else(ledger: NoticeLedger, tmp_path) -> None:  # type: ignore[no-untyped-def]
    ledger.practice("northside")
    ledger.connection.execute("UPDATE practices SET added_at = now()")
    file = tmp_path / "url"
    for url, given, said in (
        ("", ("hook", "--channel", "webhook"), "--url-from: a contact by webhook needs its address"),
        ("https://hooks.example/x", ("a@b.example", "--url-from", str(file)), "has no secret address"),
        ("http://hooks.example/x", ("hook", "--channel", "webhook", "--url-from", str(file)), "begin with https://"),
        ("https://169.254.169.254/x", ("hook", "--channel", "webhook", "--url-from", str(file)), "public internet"),
        ("https://hooks.example/x", ("room", "--channel", "slack", "--url-from", str(file)), "on hooks.slack.com"),
        (
            "https://x",
            ("https://hooks.example/x", "--channel", "webhook", "--url-from", str(file)),
            "a name of your own",
        ),
    ):
        file.write_text(url)
        refused = writeback_here(ledger.world, "practice", "contact", "set", "northside", *given, secret_key=SECRET)
        assert refused.code == 2
        assert said in refused.errors
        assert "hooks.example" not in refused.errors
