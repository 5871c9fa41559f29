"""`writeback target replace` as a person uses it: a work list gets an integration, shown first, with a review file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.sandbox.demonstration import open_dental_keys, open_dental_mapping
from deploy.sandbox.running import SandboxProcess, running_sandbox
from sinks.ledger.schema.migrate import migrate
from tests.deploy.commands.console import Said, writeback_here, writeback_json_here
from tests.processors.rules.event_examples import PRACTICE, payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.poster.offices import SECRET_TEXT
from tests.worlds import World

pytestmark = pytest.mark.stack
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


def test_a_work_list_gets_an_integration(
    database: LedgerDatabase, world: World, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    """SET-19, SET-20: previewed, then done; the sheet is empty, the links are those of the file, a second time is
    refused, and the payment was never in both."""
    key = f"{world.database}-replace"
    sandbox.open_dental.add_office(key)
    number = str(sandbox.open_dental.add_patient(key)["PatNum"])
    config, secrets = tmp_path / "config.json", tmp_path / "secrets.json"
    wanted = {name: value for name, value in open_dental_mapping(sandbox, key).items() if value is not None}
    config.write_text(json.dumps(wanted), encoding="utf-8")
    secrets.write_text(json.dumps(open_dental_keys(sandbox, key)), encoding="utf-8")
    review = tmp_path / "links.csv"
    day = str(database.one("SELECT min(ledger_date) FROM entries"))
    move = (
        *("target", "replace", PRACTICE, "--from", "worklist", "--to", "open-dental", "--system", "Open Dental"),
        *("--base-url", sandbox.open_dental.url, "--config", str(config), "--secrets", str(secrets)),
    )
    said = writeback(world, *move)
    assert (said.code, "--post-from DAY, or --keep-open" in said.errors) == (2, True)
    shown = writeback(world, *move, "--post-from", day, "--write-links", str(review))
    assert shown.code == 0, shown.errors
    assert "2 open entries would go to open-dental" in shown
    assert len(writeback_json_here(world, "worklist", PRACTICE)["rows"]) == 2
    text = review.read_text(encoding="utf-8-sig")
    assert text.splitlines() == ["patient,former number,new number", "pt-1,,"]
    review.write_text(text.replace("pt-1,,", f"pt-1,,{number}"), encoding="utf-8")
    moved = writeback(world, *move, "--post-from", day, "--links", str(review), *DO)
    assert (moved.code, "links: 0 of worklist are kept for its entries, 1 made anew" in moved) == (0, True)
    assert database.rows("SELECT DISTINCT connection_id, state FROM work") == [("open_dental", "SCHEDULED")]
    assert database.rows("SELECT patient_ref, pms_patient_id FROM patient_links") == [("pt-1", number)]
    assert writeback_json_here(world, "worklist", PRACTICE)["rows"] == []
    assert writeback_json_here(world, "practice", "show", PRACTICE)["practice"]["system"] == "open_dental"
    again = writeback(world, *move, "--post-from", day, *DO)
    assert (again.code, "posts through open-dental" in again.errors) == (2, True)
    assert writeback(world, "entries", "record", PRACTICE, "e:1").code == 0
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
