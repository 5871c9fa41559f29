"""`writeback target replace` as a person uses it: a work list gets an integration, shown first, with a review file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from deploy.sandbox.demonstration import (
    connector_keys,
    connector_mapping,
    open_dental_keys,
    open_dental_mapping,
)
from deploy.sandbox.running import SandboxProcess, running_sandbox
from sinks.ledger.schema.migrate import migrate
from tests.deploy.commands.console import Said, writeback_here, writeback_json_here
from tests.processors.rules.event_examples import PRACTICE, payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.poster.offices import SECRET_TEXT
from tests.worlds import World

pytestmark = pytest.mark.stack
MOVE = ("target", "replace", PRACTICE, "--from", "worklist", "--to", "open-dental", "--system", "Open Dental")
DO = ("--yes", "--by", "Ada", "--why", "connected")


def writeback(world: World, *arguments: str) -> Said:
    return writeback_here(world, *arguments, secret_key=SECRET_TEXT)


@pytest.fixture
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as process:
        yield process


@pytest.fixture
def database(world: World) -> LedgerDatabase:
    """A practice on the work list with one payment of today, master on."""
    migrate(world.database_url)
    for command in (
        ("practice", "add", PRACTICE, "--zone", "America/New_York"),
        ("practice", "entitle", PRACTICE, *DO),
        ("target", "add", PRACTICE, "worklist", *DO),
        ("golive", "check", PRACTICE, "--switch-on", *DO),
    ):
        said = writeback(world, *command)
        assert said.code == 0, (command, said, said.errors)
    opened = LedgerDatabase(world.database_url)
    opened.clock.instant = opened.connection.execute("SELECT now()").fetchone()[0]  # type: ignore[index]
    opened.report(payment(at=opened.clock.instant))
    return opened


class Office:
    """An office of the sandbox, and the words that move the practice there."""

    def __init__(self, world: World, sandbox: SandboxProcess, folder: Path) -> None:
        self.key = f"{world.database}-replace"
        sandbox.open_dental.add_office(self.key)
        self.number = str(sandbox.open_dental.add_patient(self.key)["PatNum"])
        self.mapping = {
            name: value for name, value in open_dental_mapping(sandbox, self.key).items() if value is not None
        }
        self._folder = folder
        self._url = sandbox.open_dental.url
        self._keys = open_dental_keys(sandbox, self.key)

    def access(self, **changes: object) -> tuple[str, ...]:
        """The options that say how it is reached, and its mapping."""
        config, secrets = self._folder / "config.json", self._folder / "secrets.json"
        config.write_text(json.dumps(self.mapping | changes), encoding="utf-8")
        secrets.write_text(json.dumps(self._keys), encoding="utf-8")
        return "--base-url", self._url, "--config", str(config), "--secrets", str(secrets)

    def move(self, *further: str, links: str | None = None, **changes: object) -> tuple[str, ...]:
        words = [*MOVE, *self.access(**changes)]
        if links is not None:
            words += ["--links", self.review(links)]
        return (*words, *further)

    def review(self, number: str) -> str:
        """A review file that gives the one patient this number."""
        review = self._folder / "review.csv"
        review.write_text(f"patient,former number,new number\npt-1,,{number}\n", encoding="utf-8")
        return str(review)


@pytest.fixture
def office(world: World, sandbox: SandboxProcess, tmp_path: Path) -> Office:
    return Office(world, sandbox, tmp_path)


def first_day(database: LedgerDatabase) -> str:
    return str(database.one("SELECT min(ledger_date) FROM entries"))


def test_a_work_list_gets_an_integration(
    database: LedgerDatabase, world: World, office: Office, tmp_path: Path
) -> None:
    """SET-19, SET-20: previewed, then done; the sheet is empty, the links are those of the file, a second time is
    refused, and the payment was never in both."""
    review = tmp_path / "links.csv"
    day = first_day(database)
    said = writeback(world, *office.move())
    assert (said.code, "--post-from DAY, or --keep-open" in said.errors) == (2, True)
    shown = writeback(world, *office.move("--post-from", day, "--write-links", str(review)))
    assert shown.code == 0, shown.errors
    assert "2 open entries would go to open-dental" in shown
    assert len(writeback_json_here(world, "worklist", PRACTICE)["rows"]) == 2
    text = review.read_text(encoding="utf-8-sig")
    assert text.splitlines() == ["patient,former number,new number", "pt-1,,"]
    review.write_text(text.replace("pt-1,,", f"pt-1,,{office.number}"), encoding="utf-8")
    moved = writeback(world, *office.move("--post-from", day, "--links", str(review), *DO))
    assert (moved.code, "links: 0 of worklist are kept for its entries, 1 made anew" in moved) == (0, True)
    assert "patients of --links that are there: 1" in moved
    assert database.rows("SELECT DISTINCT connection_id, state FROM work") == [("open_dental", "SCHEDULED")]
    assert database.rows("SELECT patient_ref, pms_patient_id FROM patient_links") == [("pt-1", office.number)]
    assert writeback_json_here(world, "worklist", PRACTICE)["rows"] == []
    assert writeback_json_here(world, "practice", "show", PRACTICE)["practice"]["system"] == "open_dental"
    again = writeback(world, *office.move("--post-from", day, *DO))
    assert (again.code, "posts through open-dental" in again.errors) == (2, True)
    assert writeback(world, "entries", "record", PRACTICE, "e:1").code == 0
    database.close()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"pay_type": 999_999}, "pay_type"),
        ({"links": "987654321"}, "pt-1: the number in --links is no patient there"),
        ({"links": "archived"}, "pt-1: the number in --links is archived or deleted there"),
    ],
)
def test_a_move_that_the_new_system_does_not_take_is_refused(
    database: LedgerDatabase,
    world: World,
    sandbox: SandboxProcess,
    office: Office,
    wrong: dict[str, Any],
    said: str,
) -> None:
    """A code that is not there and a number that no patient has are said in the preview, and --yes moves nothing."""
    if wrong.get("links") == "archived":
        sandbox.open_dental.edit(office.key, "patients", int(office.number), PatStatus="Archived")
        wrong = {"links": office.number}
    move = office.move("--post-from", first_day(database), **wrong)
    shown = writeback(world, *move)
    assert (shown.code, said in shown, "FAILED" in shown) == (1, True, True), shown + shown.errors
    assert "--yes is refused until each check passes" in shown
    refused = writeback(world, *move, *DO)
    assert (refused.code, said in refused.errors, "nothing was moved" in refused.errors) == (2, True, True)
    assert database.states() == ["AWAITING_MANUAL_POST"] * 2
    assert database.rows("SELECT connection_id FROM connections") == [("worklist",)]
    assert database.one("SELECT count(*) FROM patient_links") == 0
    database.close()


def test_a_practice_that_comes_back_is_tested_with_the_secrets_that_are_kept(
    database: LedgerDatabase, world: World, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    """Where the mapping names the account they need not be given again; a type that is not there is found with them."""
    sandbox.connector.open_account(world.database, connector_keys())
    config, keys = tmp_path / "config.json", tmp_path / "keys.json"
    mapping = connector_mapping(world.database)
    config.write_text(json.dumps(mapping), encoding="utf-8")
    keys.write_bytes(msgspec.json.encode(connector_keys()))
    there = (
        *("target", "replace", PRACTICE, "--from", "worklist", "--to", "connector", "--system", "Curve", "--keep-open"),
        *("--base-url", sandbox.connector.url, "--config", str(config), *DO),
    )
    moved = writeback(world, *there, "--secrets", str(keys))
    assert moved.code == 0, moved.errors
    back = ("target", "replace", PRACTICE, "--from", "connector", "--to", "worklist", "--keep-open", *DO)
    assert writeback(world, *back).code == 0
    config.write_text(json.dumps(mapping | {"types": mapping["types"] | {"payment": "T-none"}}), encoding="utf-8")
    refused = writeback(world, *there)
    assert (refused.code, "nothing was moved" in refused.errors, "payment" in refused.errors) == (2, True, True)
    config.write_text(json.dumps(mapping), encoding="utf-8")
    again = writeback(world, *there)
    assert again.code == 0, again.errors
    database.close()


def test_a_system_that_does_not_answer_takes_nobody(
    database: LedgerDatabase, world: World, sandbox: SandboxProcess, office: Office
) -> None:
    """Nothing is moved to an address where nobody listens."""
    move = office.move("--post-from", first_day(database))
    sandbox.open_dental.fault("status", account=office.key, status=500)
    assert writeback(world, *move).code == 1
    refused = writeback(world, *move, *DO)
    assert (refused.code, "nothing was moved" in refused.errors) == (2, True), refused.errors
    assert database.states() == ["AWAITING_MANUAL_POST"] * 2
    database.close()


def test_the_day_sheet_is_written_and_recorded(database: LedgerDatabase, world: World, tmp_path: Path) -> None:
    """POST-4, POST-10, from outside: CSV and PDF are files, and the filled-in CSV is recorded after a preview."""
    sheet, page = tmp_path / "sheet.csv", tmp_path / "sheet.pdf"
    said = writeback(world, "worklist", PRACTICE, "--csv", str(sheet), "--pdf", str(page))
    assert said.code == 0, said.errors
    assert "all: 2 entries, credit 100.00, debit 0.00 USD" in said
    assert page.read_bytes().startswith(b"%PDF-")
    text = sheet.read_text(encoding="utf-8-sig")
    lines = [line[:-1] + "yes," if line.startswith("e:") else line for line in text.splitlines()]
    sheet.write_text("\n".join(lines), encoding="utf-8-sig")
    shown = writeback(world, "entries", "record", PRACTICE, "--sheet", str(sheet))
    assert "2 entries would be recorded, 0 refused" in shown
    assert database.states() == ["AWAITING_MANUAL_POST"] * 2
    assert writeback(world, "entries", "record", PRACTICE, "--sheet", str(sheet), *DO).code == 0
    assert database.states() == ["RECORDED_MANUALLY"] * 2
    refused = writeback(world, "entries", "record", PRACTICE, "e:1", "--sheet", str(sheet))
    assert (refused.code, "alone" in refused.errors) == (2, True)
    database.close()


HOME = "home"


@pytest.fixture
def home(database: LedgerDatabase, world: World, office: Office) -> str:
    """Another practice, whose connection reaches the office."""
    assert writeback(world, "practice", "add", HOME, "--zone", "America/New_York").code == 0
    said = writeback(world, "target", "add", HOME, "open-dental", *office.access(), *DO)
    assert said.code == 0, said.errors
    return HOME


def test_a_practice_moves_to_the_connection_of_another(
    database: LedgerDatabase, world: World, office: Office, home: str
) -> None:
    """Law 22: by the same rules as to one of its own, and the refusals on the way there name this command."""
    day = first_day(database)
    command = f"`writeback target replace {PRACTICE} --from worklist --to open-dental --with {home}`"
    assert command in writeback(world, *office.move("--post-from", day)).errors
    shares = ("target", "share", PRACTICE, "open-dental", "--with", home)
    writeback(world, "practice", "set", PRACTICE, "--system", "Open Dental", *DO)
    assert command in writeback(world, *shares).errors
    writeback(world, "practice", "set", PRACTICE, "--system", "none", *DO)
    review = office.review(office.number)
    shown = writeback(world, *MOVE, "--with", home, "--post-from", day, "--links", review)
    assert (shown.code, f"to open-dental through the connection of {home}" in shown) == (0, True), shown.errors
    assert "patients of --links that are there: 1" in shown
    assert database.rows("SELECT DISTINCT connection_id FROM work") == [("worklist",)]
    moved = writeback(world, *MOVE, "--with", home, "--post-from", day, "--links", review, *DO)
    assert moved.code == 0, moved.errors
    assert database.rows("SELECT DISTINCT connection_id, state FROM work") == [("open_dental", "SCHEDULED")]
    uses = "SELECT home_practice_id, connection_id FROM practice_connections WHERE practice_id = %s"
    assert database.rows(uses, PRACTICE) == database.rows(uses, home) == [(home, "open_dental")]
    assert database.rows("SELECT patient_ref, pms_patient_id FROM patient_links") == [("pt-1", office.number)]
    assert writeback(world, "target", "test", PRACTICE, "open-dental").code == 0
    none = writeback(world, "practice", "set", PRACTICE, "--system", "none", *DO)
    assert (none.code, "posts through open-dental, so it has a system" in none.errors) == (2, True), none.errors
    changed = writeback(world, "target", "add", PRACTICE, "open-dental", *office.access(), *DO)
    assert (changed.code, f"shares the connection of {home}" in changed.errors) == (2, True), changed.errors
    database.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--with", PRACTICE), "--with: name the other practice"),
        (("--with", "nobody"), "nobody"),
        (("--with", HOME, "--base-url", "http://127.0.0.1:1"), "leave --config, --base-url and --secrets out"),
        (("--with", HOME, "--to", "nexhealth", "--system", "Dentrix"), f"{HOME} posts through open-dental"),
        (("--with", HOME, "--links", "REVIEW"), "pt-1: the number in --links is no patient there"),
    ],
)
def test_a_wrong_move_to_a_shared_connection_is_refused(
    database: LedgerDatabase, world: World, office: Office, home: str, words: tuple[str, ...], said: str
) -> None:
    """Nothing of it is kept."""
    given = [office.review("987654321") if each == "REVIEW" else each for each in words]
    refused = writeback(world, *MOVE, *given, "--post-from", first_day(database), *DO)
    assert (refused.code, said in refused.errors) == (2, True), refused.errors
    assert database.rows("SELECT DISTINCT connection_id FROM work") == [("worklist",)]
    database.close()
