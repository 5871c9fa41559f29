"""A practice without a PMS uses the work list: its payments wait for a person, who records what was entered (P-17)."""

from __future__ import annotations

import pytest

from sinks.ledger.schema.migrate import migrate
from sinks.operations.queries.totals import totals_of
from tests.deploy.commands.console import Said, writeback_here, writeback_json_here
from tests.processors.rules.event_examples import PRACTICE, payment
from tests.processors.rules.linked_examples import refunded
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.poster.offices import SECRET_TEXT
from tests.worlds import World

pytestmark = pytest.mark.stack
DO = ("--yes", "--by", "Ada", "--why", "by hand")


def writeback(world: World, *arguments: str) -> Said:
    return writeback_here(world, *arguments, secret_key=SECRET_TEXT)


@pytest.fixture
def database(world: World) -> LedgerDatabase:
    """A practice that went live on the work list without a test post."""
    migrate(world.database_url)
    for command in (
        ("practice", "add", PRACTICE, "--zone", "America/New_York"),
        ("practice", "entitle", PRACTICE, *DO),
        ("target", "add", PRACTICE, "worklist", *DO),
        ("target", "test", PRACTICE, "worklist"),
        ("golive", "check", PRACTICE, "--switch-on", *DO),
    ):
        said = writeback(world, *command)
        assert said.code == 0, (command, said, said.errors)
    opened = LedgerDatabase(world.database_url)
    opened.clock.instant = opened.connection.execute("SELECT now()").fetchone()[0]  # type: ignore[index]
    return opened


def test_payments_wait_for_a_person_and_need_no_link(database: LedgerDatabase, world: World) -> None:
    """P-17, POST-10: not SKIPPED, not AWAITING_LINK; the amount that was entered is kept and counts in sums."""
    database.report(payment(at=database.clock.instant))
    assert database.states() == ["AWAITING_MANUAL_POST"] * 2
    assert database.one("SELECT reason FROM effects LIMIT 1") == "NOT_BY_THIS_ROUTE"
    refused = writeback(world, "entries", "post", PRACTICE, "e:1", *DO)
    assert (refused.code, "cannot write it" in refused) == (1, True)
    assert writeback(world, "entries", "record", PRACTICE, "e:1", "--amount", "96.50", *DO).code == 0
    kept = database.rows("SELECT effect_id, amount_minor, recorded_by FROM recorded_amounts ORDER BY 1")
    assert kept == [(1, 9650, "Ada"), (2, 320, "Ada")]
    (found,) = totals_of(database.connection, [(PRACTICE, "pay-1")])
    assert found.booked_minor == 9970
    database.report(refunded(-4000, at=database.clock.instant))
    assert database.states()[2:] == ["AWAITING_MANUAL_POST"]
    database.close()


def test_a_practice_without_a_system_is_led_to_the_work_list(database: LedgerDatabase, world: World) -> None:
    """PMS-14: the check says how it connects; then one note says that people enter everything, and why in the list."""
    writeback(world, "practice", "add", "west", "--zone", "UTC", "--email", "w@west.example", "--system", "none")
    assert "add west worklist" in writeback(world, "golive", "check", "west", "--json")
    assert "ALL_BY_HAND" in writeback(world, "settings", "show", PRACTICE)
    database.report(payment(at=database.clock.instant))
    assert "no program can write this entry" in writeback(world, "worklist", PRACTICE, "--json")


def test_each_practice_has_a_work_list_of_its_own(database: LedgerDatabase, world: World) -> None:
    writeback(world, "practice", "add", "south", "--zone", "UTC")
    added = writeback(world, "target", "add", "south", "worklist", *DO)
    assert (added.code, "worklist connected\n" in added) == (0, True), "a work list has no address"
    said = writeback(world, "target", "add", "south", "worklist", "--base-url", "https://x.example", *DO)
    assert (said.code, "--base-url" in said.errors) == (2, True)
    listed = writeback_json_here(world, "target", "list")
    assert {(each["practice_id"], each["route"]) for each in listed} == {(PRACTICE, "worklist"), ("south", "worklist")}
    database.close()
