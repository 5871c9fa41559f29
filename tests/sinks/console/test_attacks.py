"""What a page, a form and an answer withstand: forgery, framing, floods, and what they give away."""

from __future__ import annotations

import http.client
import socket

import pytest

from sinks.console.django_settings import MOST_FIELDS
from sinks.ledger.schema.walls import raise_walls
from tests.scenarios.waiting import WITHIN_S
from tests.sinks.console.conftest import RunningConsole
from tests.sinks.console.offices import DAY
from tests.sinks.console.visitor import NEW_PASSWORD
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

pytestmark = [pytest.mark.stack, pytest.mark.long]

ACT = "/practices/p1/do/dismiss/e:1"


def state(ledger: LedgerDatabase) -> str:
    return str(ledger.one("SELECT state FROM effects WHERE practice_id = 'p1' AND effect_id = 1"))


def test_a_form_that_the_console_did_not_hand_out_does_nothing(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """CSRF: without its token, with that of somebody else, from another site, and with the token alone."""
    ada, nina = console.ada(), console.nina()
    page = ada.get(ACT)
    fields = page.form("seen").fields
    own, seen = fields["csrfmiddlewaretoken"], fields["seen"]
    hers = nina.get(ACT).form("seen").fields["csrfmiddlewaretoken"]
    body = f"seen={seen}&why=forged"
    before = state(ledger)
    refused = [
        ada.ask("POST", ACT, body),
        ada.ask("POST", ACT, f"{body}&csrfmiddlewaretoken={hers}"),
        ada.ask("POST", ACT, f"{body}&csrfmiddlewaretoken={own}", Origin="http://evil.example"),
        ada.ask("POST", "/account/sign-out", ""),
    ]
    assert [each.status for each in refused] == [403] * 4
    assert all("does not belong to your session" in each.words for each in refused)
    assert state(ledger) == before
    assert ada.get("/practices/p1/to-do").status == 200
    stranger = console.visitor()
    stranger.cookies["console_form"] = ada.cookies["console_form"]
    assert stranger.ask("POST", ACT, f"{body}&csrfmiddlewaretoken={own}").status == 302
    assert state(ledger) == before


def test_asking_for_a_page_changes_nothing(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """An address alone, as a picture in a mail would send it, does no deed."""
    ada = console.ada()
    seen = ada.get(ACT).form("seen").fields["seen"]
    assert ada.get(f"{ACT}?why=x&seen={seen}").status == 200
    assert state(ledger) == "AWAITING_MANUAL_POST"


def test_every_answer_carries_what_browsers_need_to_be_strict(console: RunningConsole) -> None:
    ada = console.ada()
    answers = [
        ada.get("/practices/p1/to-do"),
        ada.get("/practices/p1/to-do-not"),
        console.visitor().get("/account/sign-in"),
        console.visitor().get("/practices/p1/to-do"),
    ]
    for each in answers:
        policy = each.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in f"{policy};"
        assert "style-src 'self';" in f"{policy};"
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert each.headers["x-frame-options"] == "DENY"
        assert each.headers["x-content-type-options"] == "nosniff"
        assert each.headers["referrer-policy"] == "same-origin"
        assert each.headers["cross-origin-opener-policy"] == "same-origin"
        assert "no-store" in each.headers["cache-control"]
        assert "server" not in each.headers
        assert "strict-transport-security" not in each.headers, "this one is reached without TLS"


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(console: RunningConsole) -> None:
    answer = console.visitor().get("/account/sign-in")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=Strict" in answer.headers["set-cookie"]
    jill = console.visitor()
    password = console.account("jill")
    page = jill.submit(jill.get("/account/sign-in"), follow=False, login="jill", password=password)
    assert page.status == 302
    assert "HttpOnly" in page.headers["set-cookie"]
    assert "SameSite=Lax" in page.headers["set-cookie"]


def test_pages_hold_no_script_and_no_style_of_their_own(console: RunningConsole) -> None:
    """What the policy refuses is not there to begin with."""
    ada = console.ada()
    for path in (
        "/practices/p1/to-do",
        "/practices/p1/story/e:1",
        ACT,
        "/account/second-factor",
        "/practices/p1/link/3",
    ):
        text = ada.get(path).text
        assert "<style" not in text
        assert " style=" not in text
        assert " onclick" not in text
        assert "<script>" not in text
        assert "http://" not in text
        assert "https://" not in text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "p1"])
def test_a_host_of_somebody_elses_is_refused(console: RunningConsole, host: str) -> None:
    assert console.visitor().get("/account/sign-in", Host=host).status == 400


def test_signing_in_leads_nowhere_else(console: RunningConsole) -> None:
    """An open redirect would make the console a bait."""
    max_ = console.person("max", "p1")
    for elsewhere in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        again = console.visitor()
        page = again.submit(again.get(f"/account/sign-in?next={elsewhere}"), login="max", password=NEW_PASSWORD)
        answer = again.submit(page, "code", follow=False, code=max_.spare())
        assert answer.status == 302
        assert answer.headers["location"] == "/"


def test_more_than_a_form_can_hold_is_not_read(console: RunningConsole) -> None:
    """Bounded in bytes and in fields before anything of it is looked at; who says nothing holds no thread."""
    ada = console.ada()
    token = ada.get(ACT).form("seen").fields["csrfmiddlewaretoken"]
    assert ada.ask("POST", ACT, "why=" + "x" * 70_000).status == 413
    many = "&".join(f"f{number}=1" for number in range(MOST_FIELDS))
    assert ada.ask("POST", ACT, f"csrfmiddlewaretoken={token}&{many}").status == 400
    silent = [socket.create_connection((ada.host, ada.port), timeout=WITHIN_S) for _ in range(30)]
    try:
        for each in silent:
            each.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n")
        assert ada.get("/practices/p1/to-do").status == 200
    finally:
        for each in silent:
            each.close()


@pytest.mark.parametrize(
    "path",
    [
        "/practices/p%00/to-do",
        "/practices/p1/story/pay%00",
        "/practices/p1/transactions?by=happened&day=%00",
        "/practices/p1/contacts?%00=1",
        "/account/sign-in?next=%00",
    ],
)
def test_what_no_database_keeps_is_refused_in_words(console: RunningConsole, path: str) -> None:
    """A NUL in an address, a query, a form or a cookie: no error of the program, and no headers less."""
    answer = console.ada().get(path)
    assert answer.status == 400
    assert "This cannot be read" in answer.words
    assert answer.headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "no-store" in answer.headers["cache-control"]


def test_a_nul_in_a_form_or_a_cookie_is_refused_in_words(console: RunningConsole) -> None:
    ada = console.ada()
    token = ada.get(ACT).form("seen").fields["csrfmiddlewaretoken"]
    for body in ("why=a%00b&step=set", "address=%00&step=remove&why=x", "%00=1"):
        answer = ada.ask("POST", "/practices/p1/contacts", f"csrfmiddlewaretoken={token}&{body}")
        assert answer.status == 400, body
    forged = console.visitor().get("/", Cookie='console="\\000aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"')
    assert forged.status == 400
    assert console.visitor().get("/", Cookie='console="aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"').status == 302, "the control"


def test_what_a_header_may_hold_is_bounded(console: RunningConsole) -> None:
    connection = http.client.HTTPConnection(console.visitor().host, console.visitor().port, timeout=WITHIN_S)
    try:
        connection.request("GET", "/account/sign-in", headers={"X-Long": "x" * 20_000})
        assert connection.getresponse().status == 431
    finally:
        connection.close()


def test_no_page_and_no_log_gives_a_patient_away(console: RunningConsole) -> None:
    """H-1, H-27: titles, addresses and logs hold no surrogate and nothing that was typed into a search."""
    ada = console.ada()
    page = ada.get("/practices/p1/link/3")
    found = ada.submit(page, "last_name", last_name="Canarybird", first_name="Zenobia", born="1980-03-04")
    assert found.status == 422, "this practice has no system that can be asked"
    assert "Canarybird" in found.text
    for path in ("/practices/p1/to-do", f"/practices/p1/transactions?day={DAY}", "/practices/p1/story/e:3"):
        shown = ada.get(path)
        title = shown.text.partition("<title>")[2].partition("</title>")[0]
        links = shown.text.split('href="')[1:]
        assert not any("pt-" in each.partition('"')[0] for each in [*links, f'{title}"'])
    said = console.role.text()
    for secret in ("Canarybird", "Zenobia", "1980-03-04", "pt-2"):
        assert secret not in said, secret


def test_pages_are_read_behind_the_wall_between_practices(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """What the wall hides from a practice's people is not on their pages, whatever the statements ask for."""
    ada = console.ada()
    page = f"/practices/p1/transactions?by=happened&day={DAY}"
    assert "pay-3" in ada.get("/practices/p1/story/pay-3").words
    shown = ada.get(page).words
    ledger.connection.execute("ALTER POLICY practice_wall ON events USING (current_user <> 'writeback_people')")
    try:
        assert ada.get(page).words != shown
        assert ada.get("/practices/p1/story/pay-3").status == 404
    finally:
        ledger.connection.execute("DROP POLICY practice_wall ON events")
        raise_walls(ledger.connection)
    assert ada.get(page).words == shown
