"""Signing in: two factors, lockout, what a session is worth, and what no stranger learns."""

from __future__ import annotations

import pytest

from sinks.ledger.practices.audit import broken
from tests.sinks.console.conftest import RunningConsole
from tests.sinks.console.sessions_by_hand import age
from tests.sinks.console.visitor import NEW_PASSWORD, Visitor
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

pytestmark = [pytest.mark.stack, pytest.mark.long]

PAGE = "/practices/p1/to-do"


def trail(ledger: LedgerDatabase, who: str) -> list[str]:
    """What the audit trail has of somebody's sign-ins."""
    query = "SELECT action FROM audit WHERE practice_id = '*console' AND actor = %s ORDER BY n"
    return [str(row[0]) for row in ledger.rows(query, who)]


def locked(page_words: str) -> bool:
    return "too many" in page_words.lower()


def test_a_new_account_changes_its_password_and_sets_a_second_factor_first(
    console: RunningConsole, ledger: LedgerDatabase
) -> None:
    """H-18: no page with data before; the secret stands in the database sealed."""
    bob = console.visitor()
    password = console.account("bob", "p1")
    bob.submit(bob.get("/account/sign-in"), login="bob", password=password)
    assert bob.get(PAGE).headers["location"] == "/account/password"
    page = bob.get("/account/password")
    bob.submit(page, "oldpassword", oldpassword=password, password1=NEW_PASSWORD, password2=NEW_PASSWORD)
    assert bob.get(PAGE).headers["location"] == "/account/second-factor/set"
    assert bob.get("/account/recovery-codes").status == 302
    assert bob.get("/operations").status == 302
    page = bob.get("/account/second-factor/set")
    bob.secret = page.text.partition("<code>")[2].partition("</code>")[0]
    wrong = bob.submit(page, "code", code="000000")
    assert wrong.status == 200
    assert bob.get(PAGE).status == 302, "a wrong code sets nothing"
    codes = bob.submit(page, "code", code=bob.code())
    assert codes.text.count("<li><code>") == 10
    assert bob.get(PAGE).status == 200
    stored = str(ledger.rows("SELECT data FROM console.mfa_authenticator"))
    assert bob.secret not in stored
    assert trail(ledger, "bob") == ["console.signed_in", "console.password_set", "console.second_factor_set"]


def test_a_recovery_code_signs_in_once(console: RunningConsole) -> None:
    carol = console.person("carol", "p1")
    code = carol.spare()
    for expected in (200, 302):
        again = console.visitor()
        page = again.submit(again.get("/account/sign-in"), login="carol", password=NEW_PASSWORD)
        again.submit(page, "code", code=code)
        assert again.get(PAGE).status == expected


def test_the_password_alone_opens_nothing(console: RunningConsole, ledger: LedgerDatabase) -> None:
    dave = console.person("dave", "p1")
    again = console.visitor()
    page = again.submit(again.get("/account/sign-in"), login="dave", password=NEW_PASSWORD)
    assert "Your code" in page.words
    assert again.get(PAGE).headers["location"].startswith("/account/sign-in")
    assert "Incorrect" in again.submit(page, "code", code="123456").words
    assert again.get(PAGE).status == 302
    assert trail(ledger, "dave")[-1] == "console.second_factor_refused"
    assert dave.get(PAGE).status == 200


def test_a_session_from_before_the_second_factor_is_worth_nothing_after_it(console: RunningConsole) -> None:
    """Whoever had the first password and signed in beside the person does not come in on their second factor."""
    password = console.account("erin", "p1")
    thief, erin = console.visitor(), console.visitor()
    thief.submit(thief.get("/account/sign-in"), login="erin", password=password)
    erin.first_sign_in("erin", password)
    assert erin.get(PAGE).status == 200
    answer = thief.get(PAGE)
    assert answer.status == 302
    assert answer.headers["location"].startswith("/account/sign-in")


def test_five_wrong_passwords_lock_an_account_out_and_tell_nobody_whether_there_is_one(
    console: RunningConsole, ledger: LedgerDatabase
) -> None:
    """H-18: the right password does not help then, by whatever name of the console it is sent. A name that nobody has
    is answered alike, and what was typed as one is not kept."""
    frank = console.person("frank", "p1")
    said: dict[str, list[str]] = {}
    for name in ("frank", "nobody-of-this-name"):
        visitor = console.visitor()
        page = visitor.get("/account/sign-in")
        tries = [visitor.submit(page, login=name, password="wrong password 1") for _ in range(6)]
        said[name] = [each.words.replace(name, "NAME") for each in tries]
        assert not locked(said[name][4])
        assert locked(said[name][5])
    assert said["frank"] == said["nobody-of-this-name"]
    late = console.visitor()
    page = late.get("/account/sign-in", Host="localhost")
    assert locked(late.submit(page, login="frank", password=NEW_PASSWORD).words)
    assert trail(ledger, "frank").count("console.refused") == 5
    assert trail(ledger, "nobody-of-this-name") == []
    assert trail(ledger, "(unknown)").count("console.refused") >= 5
    assert frank.get(PAGE).status == 200, "who is signed in stays so"


def test_wrong_codes_lock_the_account_out_too(console: RunningConsole) -> None:
    gina = console.person("gina", "p1")
    again = console.visitor()
    page = again.submit(again.get("/account/sign-in"), login="gina", password=NEW_PASSWORD)
    tries = [again.submit(page, "code", code=f"00000{number}").words for number in range(6)]
    assert not locked(tries[4])
    assert locked(tries[5])
    again.secret = gina.secret
    assert locked(again.submit(page, "code", code=gina.code()).words)


def test_a_session_gets_a_new_name_at_sign_in(console: RunningConsole) -> None:
    """Whoever knew the cookie from before has nothing of the session after it (fixation)."""
    harry = console.person("harry", "p1")
    again = console.visitor()
    again.cookies["console"] = "abcdefghijklmnopqrstuvwxyz123456"
    page = again.submit(again.get("/account/sign-in"), login="harry", password=NEW_PASSWORD)
    between = again.cookies["console"]
    again.submit(page, "code", code=harry.spare())
    assert again.get(PAGE).status == 200
    assert len({"abcdefghijklmnopqrstuvwxyz123456", between, again.cookies["console"]}) == 3
    for before in ("abcdefghijklmnopqrstuvwxyz123456", between):
        thief = console.visitor()
        thief.cookies["console"] = before
        assert thief.get(PAGE).status == 302


def test_signing_out_ends_the_session_everywhere(console: RunningConsole) -> None:
    ines = console.person("ines", "p1")
    kept = dict(ines.cookies)
    assert ines.get("/account/sign-out").status == 200, "asking is not signing out"
    assert ines.get(PAGE).status == 200
    token = ines.get("/account/password").form("oldpassword").fields["csrfmiddlewaretoken"]
    ines.ask("POST", "/account/sign-out", f"csrfmiddlewaretoken={token}")
    thief = console.visitor()
    thief.cookies = kept
    assert thief.get(PAGE).status == 302


def aged(ledger: LedgerDatabase, console: RunningConsole, visitor: Visitor, **seconds: float) -> None:
    age(ledger, console.world.settings(**console.settings), visitor.cookies["console"], **seconds)


def test_a_session_ends_when_nobody_uses_it_and_after_a_day(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """H-19: a quarter of an hour without a request, or ten hours with as many as one likes."""
    jo = console.person("jo", "p1")
    for seconds, status in (
        ({"seen": 14 * 60.0}, 200),
        ({"began": 9 * 3600.0}, 200),
        ({"seen": 16 * 60.0}, 302),
    ):
        aged(ledger, console, jo, **seconds)
        assert jo.get(PAGE).status == status, seconds
    jo.sign_in("jo")
    assert jo.get(PAGE).status == 200
    aged(ledger, console, jo, began=11 * 3600.0)
    assert jo.get(PAGE).status == 302


def test_a_page_that_follows_a_payment_by_itself_keeps_no_session_open(
    console: RunningConsole, ledger: LedgerDatabase
) -> None:
    kim = console.person("kim", "p1")
    kim.get(PAGE)
    aged(ledger, console, kim, seen=14 * 60.0)
    assert kim.get("/practices/p1/story/e:1", HX_Request="true").status == 200
    aged(ledger, console, kim, seen=2 * 60.0)
    answer = kim.get("/practices/p1/story/e:1", HX_Request="true")
    assert answer.status == 204
    assert answer.headers["hx-redirect"] == "/account/sign-in"


def test_an_operator_resets_and_removes_an_account(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """Both end its sessions, and stand in the trail with who and why; neither is done by a preview."""
    lea = console.person("lea", "p1")
    console.command("console", "reset", "lea")
    assert lea.get(PAGE).status == 200
    console.command("console", "reset", "lea", "--yes", "--why", "lost the phone", "--by", "olga")
    assert lea.get(PAGE).status == 302
    console.command("console", "remove", "lea", "--yes", "--why", "left the practice", "--by", "olga")
    assert "lea" not in console.command("console", "accounts")
    query = (
        "SELECT after ->> 'change', actor, why FROM audit WHERE practice_id = '*console' AND subject = 'lea' ORDER BY n"
    )
    assert ledger.rows(query) == [("reset", "olga", "lost the phone"), ("removed", "olga", "left the practice")]


def test_the_trail_of_sign_ins_holds_its_chain(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """Many at once add to it: numbered without gaps, and each row by the hash of the one before."""
    console.ada()
    rows = ledger.rows("SELECT n FROM audit WHERE practice_id = '*console' ORDER BY n")
    assert [int(row[0]) for row in rows] == list(range(1, len(rows) + 1))
    assert broken(ledger.connection.cursor(), "*console") == []
