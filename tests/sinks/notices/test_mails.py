"""A mail: the same words as text and as HTML, one thread per incident, the same bytes at every try."""

from __future__ import annotations

import base64
import email
import email.policy
import re
from datetime import timedelta
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest

from sinks.notices.channels.digest_end import DigestEnds
from sinks.notices.channels.email import EmailChannel, compose, sender_address
from streams.settings import ProgramSettings
from tests.deploy.commands.console import writeback_here, writeback_json_here
from tests.sinks.notices.example_messages import DIGEST, message
from tests.sinks.notices.notice_ledger import NoticeLedger, wait_until

OFFICE = "office@northside.example"
SENDER = sender_address("Writeback <notices@writeback.example>")


class Page(HTMLParser):
    """The words of a page, and every tag and attribute in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def read(**over: object) -> EmailMessage:
    sent = compose(message(**over), SENDER, "help@writeback.example").as_bytes()
    return email.message_from_bytes(sent, policy=email.policy.default)


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert found is not None
    return str(found.get_content())


def test_html_says_what_the_text_says_and_fetches_nothing() -> None:
    mail = read()
    assert mail.get_content_type() == "multipart/alternative"
    page = Page(part(mail, "html"))
    words = " ".join(" ".join(page.words).split())
    text = part(mail, "plain").replace("\n- ", "\n")
    assert words.endswith(" ".join(text.split()))
    assert "pay-2 <b>" in words
    assert page.tags == {"html", "head", "meta", "title", "body", "p", "strong", "ul", "li"}
    assert not page.attributes & {"src", "href", "background", "onclick"}


def test_a_repeat_has_the_same_bytes() -> None:
    one, again = (compose(message(), SENDER, "help@writeback.example").as_bytes() for _ in range(2))
    assert one == again
    assert compose(message(message_id="<2@localhost>"), SENDER, "a@b.example").as_bytes() != one


def test_later_messages_stand_under_the_first() -> None:
    assert read()["References"] is None
    later = read(message_id="<2@localhost>", thread="<1@localhost>")
    assert later["References"] == later["In-Reply-To"] == "<1@localhost>"


@pytest.mark.parametrize(
    ("support", "to"), [("help@writeback.example", "help@writeback.example"), ("+1 212 555 0100", "notices@w.example")]
)
async def test_a_digest_says_how_it_is_ended(support: str, to: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a mail to people: no link that could end it with one click exists."""
    sent: list[bytes] = []

    async def send(server: object, mail: bytes, sender: str, recipient: str) -> None:
        sent.append(mail)

    monkeypatch.setattr("sinks.notices.channels.smtp.send", send)
    settings = ProgramSettings.load(smtp_url="smtp://127.0.0.1:9", notice_from="W <notices@w.example>", support=support)
    channel = EmailChannel(settings)
    await channel.send(message(incident=DIGEST))
    await channel.send(message())
    digest, letter = (email.message_from_bytes(raw, policy=email.policy.default) for raw in sent)
    assert f"\r\nList-Unsubscribe: <mailto:{to}?".encode() in sent[0], "as mail programs read it: no encoded words"
    expected = f"<mailto:{to}?subject=No%20digest%20of%20northside%20for%20office%40northside.example>"
    assert "".join(str(digest["List-Unsubscribe"]).split()) == expected
    assert digest["List-Unsubscribe-Post"] is None
    assert letter["List-Unsubscribe"] is None


@pytest.mark.parametrize("url", ["https://books.example", "http://books.example", ""])
async def test_a_digest_is_ended_with_one_click_where_the_console_speaks_https(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 8058: an https address that tells nothing of its reader beside that by mail; a letter has neither."""
    sent: list[bytes] = []

    async def send(server: object, mail: bytes, sender: str, recipient: str) -> None:
        sent.append(mail)

    monkeypatch.setattr("sinks.notices.channels.smtp.send", send)
    key = base64.b64encode(b"k" * 32).decode()
    channel = EmailChannel(ProgramSettings.load(smtp_url="smtp://127.0.0.1:9", console_url=url, secret_key=key))
    for incident in (DIGEST, DIGEST, message().incident):
        await channel.send(message(incident=incident))
    digest, again, letter = (email.message_from_bytes(raw, policy=email.policy.default) for raw in sent)
    addresses = re.findall("<([^>]*)>", "".join(str(digest["List-Unsubscribe"]).split()))
    assert addresses[-1].startswith("mailto:")
    assert (letter["List-Unsubscribe"], letter["List-Unsubscribe-Post"]) == (None, None)
    if not url.startswith("https"):
        assert len(addresses) == 1
        assert digest["List-Unsubscribe-Post"] is None
        return
    assert str(digest["List-Unsubscribe-Post"]) == "List-Unsubscribe=One-Click"
    assert re.fullmatch(r"https://books\.example/digests/end/northside/[\w=-]{32}", addresses[0])
    assert b"\r\nList-Unsubscribe: <https://books.example/digests/end/northside/" in sent[0]
    assert sent[0] == sent[1]
    assert again is not None


def test_a_code_is_its_readers_alone_and_holds_after_a_rotation() -> None:
    old, new = DigestEnds([b"a" * 32]), DigestEnds([b"b" * 32, b"a" * 32])
    code = old.address("https://x", "p:1/2", "a@b.example").rpartition("/")[2]
    assert new.reader("p:1/2", code, ["z@b.example", "a@b.example"]) == "a@b.example"
    assert new.address("https://x", "p:1/2", "a@b.example").rpartition("/")[2] != code
    assert new.reader("p:1", code, ["a@b.example"]) is None
    assert new.reader("p:1/2", code, ["z@b.example"]) is None
    assert DigestEnds([b"b" * 32]).reader("p:1/2", code, ["a@b.example"]) is None
    assert new.reader("p:1/2", "", ["a@b.example"]) is None
    assert "aaaa" not in repr(old)


@pytest.mark.stack
def test_opening_repetition_and_end_are_one_thread_and_one_incident_in_the_inbox(ledger: NoticeLedger) -> None:
    """For each reader their own first mail; another cause is another thread."""
    ledger.practice("northside", OFFICE, "two@northside.example")
    ledger.effect(1)
    ledger.effect(2, state="REJECTED", reason="PATIENT_NOT_FOUND")
    box = ledger.mailbox
    with ledger.notifier():
        wait_until(lambda: len(box.raw) == 4)
        ledger.later(timedelta(hours=25))
        wait_until(lambda: len(box.raw) == 6)
        ledger.set_state("POSTED", 1)
        wait_until(lambda: len(box.raw) == 8)
    for reader in (OFFICE, "two@northside.example"):
        mails = [mail for to, mail in box.mails() if to == reader]
        mapping = [mail for mail in mails if "mapping" in str(mail["Subject"])]
        assert [mail["References"] for mail in mapping] == [None, *([mapping[0]["Message-ID"]] * 2)]
        (other,) = [mail for mail in mails if "mapping" not in str(mail["Subject"])]
        assert other["References"] is None
    inbox = writeback_json_here(ledger.world, "inbox", "northside", rehearsal_clock=ledger.clock)
    (incident,) = [each for each in inbox if "MAPPING_MISSING" in each["cause"]]
    assert [each["step"] for each in incident["messages"]] == ["1-opened", "2-reminder", "3-resolved"]
    assert incident["closed_at"] is not None
    assert len(inbox) == 2
    page = writeback_here(ledger.world, "inbox", "northside", rehearsal_clock=ledger.clock)
    assert "Solved: a mapping for the practice management system is missing" in page
    assert "CANARY" not in page
    assert "nothing is open" not in page
