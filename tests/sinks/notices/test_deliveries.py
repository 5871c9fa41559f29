"""A delivery is marked before it is sent; a doubtful mail is repeated once, under the same Message-ID (law 26)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sinks.notices import deliver
from sinks.notices.channels.email import EmailChannel
from sinks.notices.channels.port import Message, SendResult
from tests.scenarios.roles import Role
from tests.sinks.notices.notice_ledger import NoticeLedger, wait_until

pytestmark = pytest.mark.stack
OFFICE = "office@northside.example"


def killed_notifier(ledger: NoticeLedger, folder: Path, at: str) -> int:
    """The exit code of a notifier process that dies there."""
    notifier = Role(ledger.world, "notifier", folder, **ledger.settings(), test_crash_at=at)
    try:
        return notifier.until_dead()
    finally:
        notifier.end()


@pytest.mark.parametrize(("point", "mails"), [("notifier.after_mark", 1), ("notifier.after_send", 2)])
def test_a_killed_notifier_repeats_its_mail_once(
    ledger: NoticeLedger, tmp_path: Path, point: str, mails: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows whether it went out; the repeat is the same mail to the byte, and there is only one."""
    ledger.practice("northside", OFFICE)
    ledger.effect(1)
    assert killed_notifier(ledger, tmp_path, point) == -9
    assert ledger.one("SELECT state FROM deliveries") == "SENDING"
    monkeypatch.setattr(deliver, "ABANDONED_AFTER", 0)
    with ledger.notifier():
        wait_until(lambda: ledger.one("SELECT state FROM deliveries") == "SENT")
    raw = [content for _, content in ledger.mailbox.raw]
    assert len(raw) == mails
    assert len({mail["Message-ID"] for _, mail in ledger.mailbox.mails()}) == 1
    assert len({content.split(b"\r\n\r\n", 1)[1] for content in raw}) == 1


def test_an_uncertain_mail_is_repeated_once_and_then_left(ledger: NoticeLedger) -> None:
    ledger.practice("northside", OFFICE)
    ledger.effect(1)
    ledger.mailbox.data_answer = None
    with ledger.notifier():
        wait_until(lambda: ledger.one("SELECT state FROM deliveries") == "UNCERTAIN")
        ledger.later(timedelta(minutes=1))
        wait_until(lambda: ledger.one("SELECT repeated AND state = 'UNCERTAIN' FROM deliveries"))
        ledger.mailbox.data_answer = "250 OK"
        ledger.later(timedelta(hours=1))
        ledger.effect(2)
        wait_until(lambda: ledger.one("SELECT count(*) FROM deliveries WHERE state = 'SENT'") == 1)
    ids = [mail["Message-ID"] for _, mail in ledger.mailbox.mails()]
    assert len(ids) == 3
    assert ids[0] == ids[1] != ids[2]


def test_a_mail_that_was_not_taken_is_tried_again_when_due(ledger: NoticeLedger) -> None:
    ledger.practice("northside", OFFICE)
    ledger.effect(1)
    ledger.mailbox.rcpt_answer = "451 later"
    with ledger.notifier():
        wait_until(lambda: ledger.one("SELECT code FROM deliveries") == "451")
        assert ledger.one("SELECT state FROM deliveries") == "DUE"
        ledger.mailbox.rcpt_answer = "250 OK"
        ledger.later(timedelta(minutes=20))
        wait_until(lambda: ledger.one("SELECT state FROM deliveries") == "SENT")
    assert len(ledger.mailbox.raw) == 1


def test_a_refused_recipient_is_not_tried_again_and_stops_nobody_else(ledger: NoticeLedger) -> None:
    ledger.practice("northside", "gone@northside.example")
    ledger.effect(1)
    ledger.mailbox.rcpt_answer = "550 no such user"
    with ledger.notifier():
        wait_until(lambda: ledger.one("SELECT state FROM deliveries") == "FAILED")
        ledger.mailbox.rcpt_answer = "250 OK"
        ledger.practice("southside", "office@southside.example")
        ledger.effect(2, "southside")
        wait_until(lambda: len(ledger.mailbox.raw) == 1)
    assert ledger.mailbox.raw[0][0] == "office@southside.example"


HOSTILE_ADDRESSES = (
    "no-at-sign",
    "office@",
    "two@one.example, other@two.example",
    "line@one.example\r\nBcc: stranger@two.example",
    "(@one.example",
    "bücher@one.example",
    "office@[1.2.3",
    "a" * 300 + "@one.example",
    "<>@one.example",
    '"@one.example',
)


def test_an_address_that_no_mail_can_have_ends_its_own_delivery_alone(ledger: NoticeLedger) -> None:
    """The notifier goes on, the others of the round get their letter, once, and the practice's other contact too."""
    for number, address in enumerate(HOSTILE_ADDRESSES):
        ledger.practice(f"practice-{number}", address, f"good-{number}@practice.example")
        ledger.effect(1, f"practice-{number}")
    with ledger.notifier():
        ended = "SELECT count(*) FROM deliveries WHERE code IS NOT NULL"
        wait_until(lambda: ledger.one(ended) == 2 * len(HOSTILE_ADDRESSES))
        ledger.practice("northside", OFFICE)
        ledger.effect(1, "northside")
        wait_until(lambda: ledger.one("SELECT state FROM deliveries WHERE practice_id = 'northside'") == "SENT")
    wanted = {f"good-{number}@practice.example" for number in range(len(HOSTILE_ADDRESSES))} | {OFFICE}
    assert sorted(to for to, _ in ledger.mailbox.raw) == sorted(wanted)
    refused = ledger.connection.execute("SELECT recipient, code FROM deliveries WHERE state = 'FAILED'").fetchall()
    assert sorted(row[0] for row in refused) == sorted(HOSTILE_ADDRESSES)
    assert {row[1] for row in refused} == {"BAD_ADDRESS"}


@pytest.mark.expects_errors
def test_a_channel_that_raises_leaves_the_others_of_its_round(
    ledger: NoticeLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of ours in one message is that message's alone; nobody knows whether it went out."""
    send = EmailChannel.send

    async def raising(self: EmailChannel, message: Message) -> SendResult:
        if message.recipient.startswith("cursed"):
            raise RuntimeError("unforeseen")
        return await send(self, message)

    monkeypatch.setattr(EmailChannel, "send", raising)
    ledger.practice("northside", "cursed@northside.example", OFFICE)
    ledger.effect(1)
    with ledger.notifier():
        wait_until(lambda: ledger.one("SELECT count(*) FROM deliveries WHERE state = 'SENT'") == 1)
        wait_until(lambda: ledger.one("SELECT count(*) FROM deliveries WHERE state = 'UNCERTAIN'") == 1)
    assert [to for to, _ in ledger.mailbox.raw] == [OFFICE]


def test_what_is_solved_before_it_was_sent_is_not_sent(ledger: NoticeLedger) -> None:
    """The mail server was away; nobody gets a stale alarm, and nobody a word that something unknown is solved."""
    ledger.practice("northside", OFFICE)
    ledger.effect(1)
    ledger.mailbox.rcpt_answer = "451 later"
    with ledger.notifier():
        wait_until(lambda: ledger.one("SELECT attempts > 0 AND state = 'DUE' FROM deliveries"))
        ledger.set_state("POSTED", 1)
        wait_until(lambda: ledger.one("SELECT count(*) FROM notices WHERE closed_at IS NULL") == 0)
        ledger.mailbox.rcpt_answer = "250 OK"
        ledger.later(timedelta(hours=1))
        ledger.dead_letter(1, stage="rules", reason="CONFLICT")
        wait_until(lambda: len(ledger.mailbox.raw) == 2)
    assert ledger.one("SELECT code FROM deliveries WHERE state = 'FAILED'") == "OVERTAKEN"
    assert not [s for s in ledger.mailbox.subjects() if "mapping" in s]


def test_without_a_mail_server_notices_are_kept_and_sent_later(ledger: NoticeLedger) -> None:
    ledger.practice("northside", OFFICE)
    ledger.effect(1)
    url, ledger.mailbox.url = ledger.mailbox.url, ""
    with ledger.notifier():
        wait_until(lambda: ledger.one("SELECT count(*) FROM deliveries WHERE state = 'DUE'") == 1)
    ledger.mailbox.url = url
    with ledger.notifier():
        wait_until(lambda: len(ledger.mailbox.raw) == 1)
