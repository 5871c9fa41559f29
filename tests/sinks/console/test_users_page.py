"""Users of a practice in the browser: added, signed in, given and taken roles, reset and removed, by who may."""

from __future__ import annotations

import re

import pytest

from tests.sinks.console.conftest import DO, RunningConsole
from tests.sinks.console.visitor import Answer, Visitor
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

pytestmark = [pytest.mark.stack, pytest.mark.long]


def password_of(page: Answer) -> str:
    found = re.search(r"<p><code>([^<]+)</code></p>", page.text)
    assert found is not None
    return found[1]


def act(visitor: Visitor, practice: str, step: str, name: str, **fields: str) -> Answer:
    """What the form of this person sends."""
    page = visitor.get(f"/practices/{practice}/users")
    token = page.text.partition('csrfmiddlewaretoken" value="')[2].partition('"')[0]
    said = {"csrfmiddlewaretoken": token, "name": name, "step": step, **fields}
    return visitor.submit(page, "csrfmiddlewaretoken", said)


def roles_of(ledger: LedgerDatabase, name: str) -> list[tuple[str, str]]:
    query = "SELECT role, practice_id FROM user_grants WHERE name = %s ORDER BY role"
    return [(str(role), str(practice)) for role, practice in ledger.rows(query, name)]


def test_somebody_is_added_signs_in_and_is_removed(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """H-15, H-21: the password is said once; roles hold at once; the trail keeps who and why."""
    sam = console.sam()
    silent = act(sam, "p2", "add", "zoe", roles="poster")
    assert silent.status == 422
    added = act(sam, "p2", "add", "zoe", full_name="Zoe Lark", roles="poster", why="front desk of p2")
    assert added.status == 200, added.words
    password = password_of(added)
    assert password not in sam.get("/practices/p2/users").text
    zoe = console.visitor()
    assert zoe.first_sign_in("zoe", password).status == 200
    assert zoe.get("/practices/p2/to-do").status == 200
    assert zoe.get("/practices/p1/to-do").status == 404
    given = act(sam, "p2", "give", "zoe", role="linker", why="links too")
    assert "The roles of zoe are changed" in given.words
    assert roles_of(ledger, "zoe") == [("linker", "p2"), ("poster", "p2")]
    assert "second factor set" in given.words
    reset = act(sam, "p2", "reset", "zoe", why="lost the phone")
    assert reset.status == 200
    assert zoe.get("/practices/p2/to-do").status == 302, "her sessions have ended"
    assert console.visitor().first_sign_in("zoe", password_of(reset)).status == 200
    removed = act(sam, "p2", "remove", "zoe", why="left us")
    assert "may do nothing here any more" in removed.words
    assert roles_of(ledger, "zoe") == []
    kept = ledger.rows(
        "SELECT actor, action, why FROM audit WHERE subject = 'zoe' AND actor = 'sam' ORDER BY at, action"
    )
    assert ("sam", "user.add", "front desk of p2") in kept
    assert ("sam", "user.sign_in", "lost the phone") in kept


def test_nobody_gives_or_resets_more_than_they_may(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """H-21: whoever could hand themselves the password of somebody who may more, would be that person."""
    sam = console.sam()
    console.account("olga")
    for step, name, fields in (
        ("add", "yan", {"roles": "group_admin"}),
        ("add", "yan", {"roles": "ops"}),
        ("give", "ada", {"role": "ops"}),
        ("reset", "olga", {}),
        ("give", "sam", {"role": "poster"}),
        ("reset", "sam", {}),
    ):
        refused = act(sam, "p1", step, name, why="more", **fields)
        assert refused.status == 422, (step, name)
        assert "<code>" not in refused.text
    assert ledger.rows("SELECT FROM users WHERE name = 'yan'") == []
    assert roles_of(ledger, "sam") == [("settings_admin", "")]


def test_a_practices_administrator_reaches_no_other_practices_people(
    console: RunningConsole, ledger: LedgerDatabase
) -> None:
    """Somebody with a role elsewhere too keeps their password; theirs of p1 are not even listed at p2."""
    console.command("user", "add", "uma", *DO)
    console.command("user", "role", "uma", "--give", "settings_admin", "--practice", "p2", *DO)
    console.command("user", "add", "wim", *DO)
    for practice in ("p1", "p2"):
        console.command("user", "role", "wim", "--give", "poster", "--practice", practice, *DO)
    uma = console.visitor()
    password = re.findall(r'"password":\s*"([^"]+)"', console.command("console", "add", "uma", *DO, "--json"))[0]
    uma.first_sign_in("uma", password)
    page = uma.get("/practices/p2/users")
    assert "wim" in page.words
    assert "ada" not in page.words
    assert act(uma, "p2", "sign_in", "wim", why="mine").status == 422
    added = act(uma, "p2", "add", "wim", roles="viewer", why="looks too")
    assert "has the role, and no way to sign in yet" in added.words, "what was done is said"
    assert ("viewer", "p2") in roles_of(ledger, "wim")
    assert uma.get("/practices/p1/users").status == 404
    assert act(uma, "p2", "give", "wim", role="linker", why="links too").status == 200
    assert ("linker", "p2") in roles_of(ledger, "wim")


def test_people_of_others_are_given_nothing_here(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """Who made the account may know its password: not even where nobody has use for it any more, and refused whole."""
    sam = console.sam()
    mia = console.visitor()
    assert act(sam, "p2", "add", "mia", roles="settings_admin", why="administers p2").status == 200
    mia.first_sign_in("mia", password_of(act(sam, "p2", "reset", "mia", why="again")))
    assert act(mia, "p2", "add", "dr.smith", roles="viewer", why="looks").status == 200
    assert act(sam, "p1", "add", "tom", roles="settings_admin", why="administers p1").status == 200
    tom = console.visitor()
    tom.first_sign_in("tom", password_of(act(sam, "p1", "reset", "tom", why="again")))
    for left in (False, True):
        if left:
            assert act(mia, "p2", "remove", "dr.smith", why="left").status == 200
        before = roles_of(ledger, "dr.smith")
        for step, fields in (("add", {"roles": "linker"}), ("give", {"role": "linker"}), ("reset", {})):
            refused = act(tom, "p1", step, "dr.smith", why="works here too", **fields)
            assert refused.status == 422, (step, refused.words)
            assert "ask whoever runs Writeback" in refused.words
            assert roles_of(ledger, "dr.smith") == before
    assert act(sam, "p1", "add", "dr.smith", roles="viewer", why="is known to us").status == 200
    assert roles_of(ledger, "dr.smith") == [("viewer", "p1")]


def test_the_front_desk_sees_no_users(console: RunningConsole) -> None:
    assert console.ada().get("/practices/p1/users").status == 404
    page = console.olga().get("/practices/p1/users")
    assert page.status == 200
    assert 'name="step"' not in page.text
