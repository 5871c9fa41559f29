"""A digest is ended from a mail program: by its code, by POST alone, with no account (RFC 8058)."""

from __future__ import annotations

import base64

import pytest

from sinks.notices.channels.digest_end import DigestEnds
from tests.sinks.console.conftest import SECRET_KEY, RunningConsole
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

pytestmark = [pytest.mark.stack, pytest.mark.long]

ONE_CLICK = "List-Unsubscribe=One-Click"
READER = "digest@p1.example"


def way(reader: str = READER, practice_id: str = "p1", key: bytes | None = None) -> str:
    return DigestEnds([key or base64.b64decode(SECRET_KEY)]).address("", practice_id, reader)


def gets_it(ledger: LedgerDatabase) -> bool:
    return bool(ledger.one("SELECT digest FROM contacts WHERE practice_id = 'p1' AND address = %s", READER))


def test_one_click_ends_it_and_nothing_else_does(console: RunningConsole, ledger: LedgerDatabase) -> None:
    ledger.connection.execute(
        "INSERT INTO contacts (practice_id, address, channel)"
        " SELECT 'p1', who, 'email' FROM unnest(%s::text[]) AS w(who)",
        ([READER, "other@p1.example"],),
    )
    mail_program = console.visitor()
    assert "End the digest?" in mail_program.get(way()).text
    refused = [
        mail_program.ask("POST", way(), "").status,
        mail_program.ask("POST", way("nobody@p1.example"), ONE_CLICK).status,
        mail_program.ask("POST", way(practice_id="p2"), ONE_CLICK).status,
        mail_program.ask("POST", way(practice_id="no-such"), ONE_CLICK).status,
        mail_program.ask("POST", way(key=b"x" * 32), ONE_CLICK).status,
        mail_program.ask("POST", way() + "x" * 500, ONE_CLICK).status,
        mail_program.ask("PUT", way(), ONE_CLICK).status,
    ]
    assert refused == [200, 404, 404, 404, 404, 404, 405]
    assert gets_it(ledger), "nothing of this was the click"
    assert mail_program.ask("POST", way(), ONE_CLICK, Origin="https://mail.example").status == 200
    assert not gets_it(ledger)
    assert ledger.one("SELECT digest FROM contacts WHERE address = 'other@p1.example'") is True
    assert "is ended" in mail_program.ask("POST", way(), ONE_CLICK).text, "a repeat is no error"
    kept = ledger.rows("SELECT actor, why FROM audit WHERE practice_id = 'p1' AND action = 'contact.set'")
    assert kept[0] == ("a digest's reader", "ended by the address in the digest")
    assert mail_program.cookies == {}


def test_a_person_ends_it_from_the_page(console: RunningConsole, ledger: LedgerDatabase) -> None:
    ledger.connection.execute(
        "INSERT INTO contacts (practice_id, address, channel) VALUES ('p1', %s, 'email')"
        " ON CONFLICT (practice_id, address) DO UPDATE SET digest = true",
        (READER,),
    )
    browser = console.visitor()
    page = browser.get(way())
    assert browser.submit(page).status == 200
    assert not gets_it(ledger)
