"""What every channel owes the delivery loop, and that the loop knows channels by their port alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sinks.notices.channels import catalogue
from sinks.notices.channels.catalogue import CHANNELS, open_channels
from sinks.notices.channels.email import EmailChannel
from sinks.notices.channels.port import DeliveryKey, Message, Outcome, SendResult
from streams.runtime.errors import ConfigurationError
from streams.settings import ProgramSettings
from tests.sinks.notices.notice_ledger import NoticeLedger, wait_until

KEY: DeliveryKey = ("northside", "posting:PMS:MAPPING_MISSING", "2026-03-02", "1-opened", "email", "a@b.example")
OFFICE = "office@northside.example"


class Pager:
    """A second channel: one class and one row."""

    name = "pager"
    missing = None
    operator = "on-call"
    at_once = 2
    deadline_s = 1.0
    sent: list[Message] = []  # noqa: RUF012 - one per test, cleared by it
    answers: list[Outcome] = []  # noqa: RUF012

    def __init__(self, settings: ProgramSettings) -> None:
        self.sent.clear()

    def message_id(self, key: DeliveryKey) -> str:
        return "/".join(key)

    async def send(self, message: Message) -> SendResult:
        self.sent.append(message)
        return SendResult(self.answers.pop(0) if self.answers else Outcome.SENT, "OK")


@pytest.mark.parametrize("made", CHANNELS)
def test_a_message_id_follows_from_the_delivery_alone(made: type) -> None:
    """Law 26: the same in every process and after a restart, also while the channel cannot send; two keys, two ids."""
    one, other = made(ProgramSettings.load()), made(ProgramSettings.load())
    assert one.message_id(KEY) == other.message_id(KEY)
    ids = {one.message_id((*KEY[:place], "x", *KEY[place + 1 :])) for place in range(len(KEY))}
    assert len(ids) == len(KEY)
    assert one.message_id(KEY) not in ids


@pytest.mark.parametrize("made", CHANNELS)
async def test_a_channel_without_its_settings_says_what_is_missing(made: type) -> None:
    """Its messages wait; nothing is lost and nothing raised."""
    channel = made(ProgramSettings.load())
    assert "WRITEBACK_" in channel.missing
    assert channel.at_once >= 1
    assert channel.deadline_s > 0


def test_channels_are_found_by_their_names() -> None:
    assert list(open_channels(ProgramSettings.load())) == ["email", "webhook", "slack", "teams", "sms"]
    with pytest.raises(ConfigurationError, match="NOTICE_FROM"):
        open_channels(ProgramSettings.load(notice_from="Writeback"))


@pytest.mark.stack
def test_a_further_channel_is_one_class_and_one_row(ledger: NoticeLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contacts of it are notified by it, the operator too, under the same protocol; e-mail goes on beside it."""
    monkeypatch.setattr(catalogue, "CHANNELS", (*CHANNELS, Pager))
    Pager.answers[:] = [Outcome.UNCERTAIN]
    ledger.practice("northside", OFFICE)
    ledger.connection.execute(
        "INSERT INTO contacts (practice_id, address, channel) VALUES ('northside', 'pager-7', 'pager')"
    )
    ledger.effect(1)
    with ledger.notifier():
        wait_until(lambda: ledger.one("SELECT count(*) FROM deliveries WHERE state = 'UNCERTAIN'") == 1)
        ledger.later(timedelta(minutes=1))
        wait_until(lambda: ledger.one("SELECT count(*) FROM deliveries WHERE state = 'SENT'") == 2)
        ledger.dead_letter(1, stage="decode", reason="UNDECODABLE")
        wait_until(lambda: [each.recipient for each in Pager.sent] == ["pager-7", "pager-7", "on-call"])
    assert Pager.sent[0] == Pager.sent[1]
    assert Pager.sent[0].message_id.endswith("/1-opened/pager/pager-7")
    assert [to for to, _ in ledger.mailbox.raw] == [OFFICE, "ops@writeback.example"]


@pytest.mark.stack
@pytest.mark.expects_errors
def test_a_contact_of_an_unknown_channel_is_left_out_and_stops_nobody(ledger: NoticeLedger) -> None:
    ledger.practice("northside", OFFICE)
    ledger.connection.execute(
        "INSERT INTO contacts (practice_id, address, channel) VALUES ('northside', 'x', 'of-another-release')"
    )
    ledger.effect(1)
    with ledger.notifier():
        wait_until(lambda: len(ledger.mailbox.raw) == 1)
    assert ledger.one("SELECT count(*) FROM deliveries") == 1


@pytest.mark.stack
def test_one_bad_address_ends_nobody_elses_mail(ledger: NoticeLedger) -> None:
    """Law 26: the others get theirs, once; the bad one is refused for good, and the notifier goes on."""
    ledger.practice("northside", OFFICE, "two@x.example\nBcc: a@b.example", "x@@y")
    ledger.effect(1)
    with ledger.notifier():
        wait_until(lambda: ledger.one("SELECT count(*) FROM deliveries WHERE state = 'SENT'") == 1)
        wait_until(lambda: ledger.one("SELECT count(*) FROM deliveries WHERE code = 'BAD_ADDRESS'") == 2)
        ledger.practice("southside", "desk@southside.example")
    assert len(ledger.mailbox.mails()) == 1


@pytest.mark.stack
@pytest.mark.expects_errors
def test_a_channel_that_raises_ends_neither_the_role_nor_the_others(
    ledger: NoticeLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of the program for one message: nobody knows whether that one went out, and it is repeated once."""
    whole = EmailChannel.send

    async def send(channel: EmailChannel, message: Message) -> SendResult:
        if message.recipient.startswith("odd@"):
            raise RuntimeError("odd")
        return await whole(channel, message)

    monkeypatch.setattr(EmailChannel, "send", send)
    ledger.practice("northside", OFFICE, "odd@northside.example")
    ledger.effect(1)
    with ledger.notifier():
        wait_until(lambda: ledger.one("SELECT count(*) FROM deliveries WHERE state = 'SENT'") == 1)
        wait_until(lambda: ledger.one("SELECT count(*) FROM deliveries WHERE code = 'CHANNEL_ERROR'") == 1)
    assert len(ledger.mailbox.mails()) == 1
