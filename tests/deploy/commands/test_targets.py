"""`writeback targets`, and the system that a practice uses: said, shown, audited, and what settings make of it."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from sinks.ledger.schema.migrate import migrate
from tests.deploy.commands.console import writeback_here, writeback_json_here
from tests.sinks.poster.offices import SECRET_TEXT
from tests.worlds import World

DO = ("--yes", "--by", "Ada", "--why", "moved")
stack = pytest.mark.stack


@stack
def test_the_systems_are_listed_and_one_is_told_in_full(world: World) -> None:
    listed = writeback_json_here(world, "targets")
    assert len(listed) == 15
    shown = writeback_here(world, "targets", "Sensi Cloud")
    assert "Sensei Cloud (Carestream Dental)" in shown
    assert "1. ask Carestream Dental's support" in shown
    said = writeback_here(world, "targets", "dentrx")
    assert (said.code, "did you mean dentrix?" in said.errors) == (2, True)


@stack
def test_a_practice_says_which_system_it_has(world: World) -> None:
    """It stands in its row and in the trail; what is not listed is asked for by name."""
    migrate(world.database_url)
    assert writeback_here(world, "practice", "add", "north", "--zone", "UTC", "--system", "Cloud 9").code == 0
    shown = writeback_json_here(world, "practice", "show", "north")
    assert (shown["practice"]["system"], shown["system"]["takes"]) == ("cloud9", "in batches, 00:00 to 11:00 UTC")
    assert "Cloud9 (Planet DDS)" in writeback_here(world, "practice", "show", "north")
    other = ("--system", "not-listed", "--system-name", "Tab32")
    assert "would be not_listed" in writeback_here(world, "practice", "set", "north", *other)
    assert writeback_json_here(world, "practice", "show", "north")["practice"]["system"] == "cloud9"
    assert writeback_here(world, "practice", "set", "north", *other, *DO).code == 0
    assert writeback_json_here(world, "targets", "--asked-for") == [{"system_name": "Tab32", "practices": ["north"]}]
    assert "Tab32" in writeback_here(world, "practice", "list")
    with psycopg.connect(world.database_url) as connection:
        kept = connection.execute(
            "SELECT before->>'system', after->>'system', after->>'system_name' FROM audit WHERE action = 'practice.set'"
        ).fetchall()
    assert kept == [("cloud9", "not_listed", "Tab32")]
    assert writeback_here(world, "practice", "set", "north", "--system", "none", *DO).code == 0
    assert writeback_json_here(world, "targets", "--asked-for") == []


@stack
def test_a_batch_system_is_refused_instant_before_anything_is_connected(world: World, tmp_path: Path) -> None:
    """TIM-3, SET-21: the default is DAILY there; INSTANT is refused with words, in a file and later."""
    migrate(world.database_url)
    file = tmp_path / "settings.json"
    file.write_text('{"zone": "UTC", "timing": "INSTANT"}', encoding="utf-8")
    add = ("practice", "add", "north", "--system", "cloud9")
    said = writeback_here(world, *add, "--settings", str(file))
    assert said.code == 2
    assert "timing: Cloud9 takes postings in batches alone (00:00 to 11:00 UTC): choose DAILY" in said.errors
    file.write_text('{"zone": "UTC"}', encoding="utf-8")
    added = writeback_here(world, *add, "--settings", str(file))
    assert (added.code, "timing: DAILY, since Cloud9 takes entries in batches alone" in added) == (0, True)
    settings = writeback_json_here(world, "settings", "show", "north")
    assert "DAILY" in str(settings)
    said = writeback_here(world, "settings", "set", "north", "--change", "timing=INSTANT", *DO)
    assert (said.code, "choose DAILY" in said.errors) == (2, True)
    added = writeback_here(world, "practice", "add", "south", "--zone", "UTC", "--system", "denticon")
    assert (added.code, "timing:" in added) == (0, False)
    assert "INSTANT" in str(writeback_json_here(world, "settings", "show", "south"))


@stack
def test_settings_warn_of_what_no_connection_to_the_system_could_do(world: World) -> None:
    migrate(world.database_url)
    assert writeback_here(world, "practice", "add", "north", "--zone", "UTC", "--system", "dentrix").code == 0
    said = writeback_here(world, "settings", "set", "north", "--change", "notes=true")
    assert "notes cannot be written at Dentrix by any program" in said
    moved = writeback_json_here(world, "practice", "set", "north", "--system", "winoms")
    assert [each["code"] for each in moved["warnings"] if each["level"] == "REFUSED"] == ["BATCHES_ONLY"]


@stack
def test_connection_and_system_agree(world: World) -> None:
    """Entries never go to a system that the practice says it does not have."""
    migrate(world.database_url)
    assert writeback_here(world, "practice", "add", "north", "--zone", "UTC", "--system", "dentrix").code == 0
    said = writeback_here(world, "target", "add", "north", "open-dental", secret_key=SECRET_TEXT)
    assert (said.code, "north uses Dentrix, which open-dental does not serve" in said.errors) == (2, True)
    assert writeback_here(world, "practice", "add", "fern", "--zone", "UTC", "--system", "none").code == 0
    said = writeback_here(world, "target", "add", "fern", "open-dental", secret_key=SECRET_TEXT)
    assert (said.code, "fern is kept as a practice without a system" in said.errors) == (2, True)
    assert "`writeback practice set fern --system NAME`" in said.errors
    assert writeback_here(world, "target", "add", "fern", "worklist", *DO, secret_key=SECRET_TEXT).code == 0
    move = ("target", "replace", "fern", "--from", "worklist", "--to", "open-dental", "--keep-open")
    said = writeback_here(world, *move, secret_key=SECRET_TEXT)
    assert (said.code, "say with --system which system the practice uses" in said.errors) == (2, True), said.errors
    assert writeback_here(world, "target", "add", "north", "worklist", *DO, secret_key=SECRET_TEXT).code == 0
    assert writeback_here(world, "practice", "set", "north", "--system", "fuse", *DO).code == 0
    shown = writeback_here(world, "practice", "show", "north")
    assert "connected: PMS through worklist, open" in shown
