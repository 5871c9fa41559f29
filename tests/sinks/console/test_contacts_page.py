"""Who is told, in the browser: channels, roles, quiet hours, escalation; what is a secret stays one."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.sinks.console.conftest import RunningConsole
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

pytestmark = [pytest.mark.stack, pytest.mark.long]


def test_a_contact_is_added_changed_and_removed(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """NOT-3: every preference, and the form holds them again; what is emptied is taken away."""
    ledger.add("told-1")
    sam, path = console.sam(), "/practices/told-1/contacts"
    silent = sam.submit(sam.get(path), "address", address="books@practice.example", step="set")
    assert silent.status == 422
    assert "books@practice.example" in silent.text, "what was typed stands there again"
    wishes = {
        "address": "books@practice.example",
        "name": "Bookkeeper",
        "role": "BOOKS",
        "when_payments": "digest",
        "quiet": "21:00-07:00",
        "zone": "America/Denver",
        "escalate_after": "2h",
        "why": "keeps the books",
    }
    kept = sam.submit(sam.get(path), "address", wishes, step="set")
    assert "The contact is kept" in kept.words
    query = (
        "SELECT roles, timings, quiet_from::text, zone, escalate_after::text FROM contacts"
        " WHERE practice_id = 'told-1' AND address = 'books@practice.example'"
    )
    assert ledger.rows(query) == [(["BOOKS"], {"PAYMENTS": "DIGEST"}, "21:00:00", "America/Denver", "02:00:00")]
    addresses = [
        each[0] for each in ledger.rows("SELECT address FROM contacts WHERE practice_id = 'told-1' ORDER BY 1")
    ]
    form = sam.get(f"{path}?of={addresses.index('books@practice.example')}").form("quiet").fields
    assert {name: form[name] for name in ("quiet", "escalate_after", "when_payments", "role")} == {
        "quiet": "21:00-07:00",
        "escalate_after": "2h",
        "when_payments": "digest",
        "role": "BOOKS",
    }
    sam.submit(sam.get(f"{path}?of={addresses.index('books@practice.example')}"), "quiet", step="set",
               when_payments="", quiet="", why="told by day")  # fmt: skip
    assert ledger.rows(query)[0][1:3] == ({}, None)
    token = kept.form("csrfmiddlewaretoken").fields["csrfmiddlewaretoken"]
    body = f"csrfmiddlewaretoken={token}&step=remove&address=books@practice.example&why=left"
    assert sam.ask("POST", path, body).status == 302
    assert ledger.rows(query) == []


@pytest.mark.parametrize("number", ["9" * 5_000, "999999", "-1", "x", "\u0663"])
def test_a_contact_that_is_not_there_leaves_the_form_empty(console: RunningConsole, number: str) -> None:
    assert console.sam().get(f"/practices/p1/contacts?of={quote(number)}").status == 200


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"address": "nobody"}, "e-mail address"),
        ({"quiet": "night"}, "such as 21:00-07:00"),
        ({"escalate_after": "soon"}, "such as 30m"),
        ({"zone": "Denver"}, "time zone"),
        ({"channel": "slack", "address": "desk"}, "needs its address"),
    ],
)
def test_what_cannot_be_is_said(console: RunningConsole, fields: dict[str, str], said: str) -> None:
    sam, path = console.sam(), "/practices/p1/contacts"
    wanted = {"address": "desk@practice.example"} | fields
    refused = sam.submit(sam.get(path), "address", wanted, step="set", why="test")
    assert refused.status == 422
    assert said in refused.words


def test_the_address_of_a_chat_is_never_shown(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """Whoever knows it can post there (S-1)."""
    ledger.add("told-2")
    sam, path = console.sam(), "/practices/told-2/contacts"
    secret = "https://hooks.slack.com/services/T0/B0/very-secret"
    wanted = {"channel": "slack", "address": "front-desk", "url": secret}
    kept = sam.submit(sam.get(path), "address", wanted, step="set", why="the desk reads it")
    assert kept.status == 200, kept.words
    assert "front-desk" in kept.words
    assert "very-secret" not in kept.text
    assert "very-secret" not in sam.get(f"{path}?of=0").text
    assert "very-secret" not in str(ledger.rows("SELECT t::text FROM contacts t"))
    bad = sam.submit(sam.get(path), "address", wanted | {"url": secret + " x", "address": "other"}, step="set", why="t")
    assert bad.status == 422
    assert "very-secret" not in bad.text


def test_the_front_desk_looks_and_changes_nothing(console: RunningConsole, ledger: LedgerDatabase) -> None:
    ada, path = console.ada(), "/practices/p1/contacts"
    page = ada.get(path)
    assert page.status == 200
    assert 'name="step"' not in page.text
    token = ada.get("/practices/p1/do/post/e:1").form("seen").fields["csrfmiddlewaretoken"]
    before = ledger.rows("SELECT address FROM contacts WHERE practice_id = 'p1'")
    forged = ada.ask("POST", path, f"csrfmiddlewaretoken={token}&step=set&address=a@b.example&channel=email&why=x")
    assert forged.status == 409
    assert ledger.rows("SELECT address FROM contacts WHERE practice_id = 'p1'") == before
