"""`writeback user`, `day`, `week`, `exceptions` as a person types them: shown first, done by name, refused in words."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.practice_settings import TypeMode
from tests.deploy.commands.console import writeback_here, writeback_json_here
from tests.processors.rules.event_examples import NOON, PRACTICE, modes, payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.worlds import World

pytestmark = pytest.mark.stack
DO = ("--yes", "--by", "Ada", "--why", "starts on Monday")
DAY = f"{NOON.date()}"


@pytest.fixture
def database(world: World) -> Iterator[LedgerDatabase]:
    """100.00 that is posted by hand: 96.80 net and 3.20 fee."""
    opened = LedgerDatabase(world.database_url)
    opened.add(types=modes(terminal=TypeMode.MANUAL))
    opened.link()
    opened.report(payment())
    yield opened
    opened.close()


def test_a_user_is_added_given_roles_listed_and_kept_out(database: LedgerDatabase, world: World) -> None:
    preview = writeback_here(world, "user", "add", "grace")
    assert (preview.code, "would be added" in preview) == (0, True)
    assert writeback_json_here(world, "user", "list") == []
    assert "may do nothing yet" in writeback_here(world, "user", "add", "grace", "--full-name", "Grace H.", *DO)
    again = writeback_here(world, "user", "add", "grace", *DO)
    assert (again.code, "known already" in again.errors) == (2, True)
    role = ("user", "role", "grace", "--practice", PRACTICE)
    assert "would have poster at practice-1" in writeback_here(world, *role, "--give", "poster")
    assert "has poster at practice-1" in writeback_here(world, *role, "--give", "poster", *DO)
    mistyped = writeback_here(world, *role, "--give", "postr", *DO)
    assert "poster" in mistyped.errors
    listed = writeback_here(world, "user", "list", "--practice", PRACTICE)
    assert "Grace H." in listed
    assert "1 user" in listed
    assert "is disabled" in writeback_here(world, "user", "disable", "grace", *DO)
    (found,) = writeback_json_here(world, "user", "list")
    assert found["user"]["disabled"] is True
    assert found["grants"][0]["role"] == "poster"
    assert "is enabled" in writeback_here(world, "user", "enable", "grace", *DO)
    assert "no role" in writeback_here(world, *role, "--take", "poster", *DO)
    kept = database.rows("SELECT action, actor FROM audit WHERE subject = 'grace' ORDER BY at, n")
    assert sorted(row[0] for row in kept) == ["user.add", "user.disable", "user.enable", "user.grant", "user.revoke"]
    assert {row[1] for row in kept} == {"Ada"}


def test_nothing_of_a_user_is_done_without_a_reason(database: LedgerDatabase, world: World) -> None:
    for words in (("add", "grace"), ("disable", "grace"), ("role", "grace", "--give", "viewer")):
        said = writeback_here(world, "user", *words, "--yes")
        assert (said.code, "--why" in said.errors) == (2, True), words
    assert writeback_json_here(world, "user", "list") == []


def test_a_day_is_shown_signed_and_reopened_by_what_changes(
    database: LedgerDatabase, world: World, tmp_path: Path
) -> None:
    shown = writeback_json_here(world, "day", PRACTICE, DAY)
    assert (shown["dry_run"], shown["practice_id"]) == (True, PRACTICE)
    assert database.one("SELECT count(*) FROM day_signoffs") == 0
    sheet, page = tmp_path / "day.csv", tmp_path / "day.pdf"
    signed = writeback_here(world, "day", PRACTICE, DAY, *DO, "--csv", str(sheet), "--pdf", str(page))
    assert signed.code == 0, signed.errors
    assert "Ada" in signed
    assert len(list(csv.reader(sheet.read_text().splitlines()))) > 1
    assert page.read_bytes().startswith(b"%PDF")
    database.report(payment(event_id="ev-2", payment_id="pay-2"))
    assert "REOPENED" in writeback_here(world, "day", PRACTICE, DAY).upper()
    assert "Ada" in writeback_here(world, "week", PRACTICE, DAY)
    assert "REOPENED" in json.dumps(writeback_json_here(world, "week", PRACTICE, DAY)).upper()


@pytest.mark.parametrize("command", ["day", "week"])
def test_a_day_that_is_none_and_a_practice_that_is_none_are_named(
    database: LedgerDatabase, world: World, command: str
) -> None:
    for words in ((PRACTICE, "tuesday"), ("practise-1", DAY)):
        said = writeback_here(world, command, *words)
        assert said.code == 2
        assert ("DAY" if words[0] == PRACTICE else PRACTICE) in said.errors


def test_exceptions_are_what_a_person_must_do_each_with_its_command(database: LedgerDatabase, world: World) -> None:
    said = writeback_here(world, "exceptions", PRACTICE)
    assert said.code == 0, said.errors
    assert "pay-1" in said
    assert f"matters for a person at {PRACTICE}" in said or f"1 matter for a person at {PRACTICE}" in said
    found = writeback_json_here(world, "exceptions", PRACTICE)
    first = found["matters"][0]
    assert "writeback entries" in first["next"]
    stale = writeback_here(world, "entries", "record", PRACTICE, f"{first['id']}@0123456789", *DO)
    assert (stale.code, "changed since" in stale) == (1, True)
    done = writeback_here(world, "entries", "record", PRACTICE, f"{first['id']}@{first['version']}", *DO)
    assert done.code == 0, done
    assert writeback_json_here(world, "exceptions", PRACTICE)["count"] < found["count"]
    nobody = writeback_here(world, "exceptions", "practise-1")
    assert (nobody.code, PRACTICE in nobody.errors) == (2, True)
