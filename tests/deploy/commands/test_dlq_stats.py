"""`dlq stats`: counts and money of what stands dead, by stage and reason, by practice and by age."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sinks.ledger.schema.migrate import migrate
from sinks.operations.queries.dead_letters import DeadWanted
from sinks.operations.queries.dead_stats import dead_stats
from streams.runtime.clock import RehearsalClock
from tests.deploy.commands.console import writeback, writeback_json
from tests.sinks.notices.notice_ledger import MORNING, Mailbox, NoticeLedger
from tests.sinks.operations.orders import ledger_of
from tests.worlds import World

pytestmark = pytest.mark.stack


@pytest.fixture
def ledger(world: World, tmp_path: Path) -> Iterator[NoticeLedger]:
    migrate(world.database_url)
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        made = NoticeLedger(world, connection, Mailbox(), tmp_path)
        made.practice("northside")
        made.practice("southside")
        made.later(timedelta(hours=2))
        yield made


def stats(ledger: NoticeLedger, *arguments: str) -> Any:
    return writeback_json(ledger.world, "dlq", "stats", *arguments, rehearsal_clock=ledger.clock)


def lines(table: Any) -> list[tuple[Any, ...]]:
    return [
        (*each["of"], each["target"], each["entries"], each["records"], each["currency"], each["amount_minor"])
        for each in table
    ]


def storm(ledger: NoticeLedger) -> None:
    """Two payments, a refund of one, a note and a payout that are dead; one that is posted; two records."""
    ledger.effect(1, amount_minor=10_000)
    ledger.effect(2, amount_minor=-2_500, entry_kind="refund", changed_at=MORNING - timedelta(days=2))
    ledger.effect(3, amount_minor=7_000, entry_kind="note")
    ledger.effect(4, "southside", amount_minor=400, currency="CAD", state="REJECTED", reason="REFUSED_BY_TARGET")
    ledger.effect(
        5, "southside", amount_minor=9_000, entry_kind="payout", target="QUICKBOOKS", reason="MAPPING_INVALID"
    )
    ledger.effect(6, amount_minor=99_999, state="SCHEDULED", reason="AUTO_INSTANT")
    ledger.dead_letter(17, "?", stage="decode", reason="UNDECODABLE")
    ledger.dead_letter(18, stage="post", reason="REFUSED_BY_TARGET")
    ledger.dead_letter(19, stage="rules", reason="INVALID_FIELD")
    ledger.dead_letter(20, stage="rules", reason="INVALID_FIELD")
    ledger.connection.execute("UPDATE dead_letters SET settled_at = now() WHERE off = 20")


def test_what_is_dead_is_counted_with_the_money_that_it_moves(ledger: NoticeLedger) -> None:
    """A refund that is dead does not make the sum smaller; a note moves nothing; a record's amount nobody has read."""
    storm(ledger)
    found = stats(ledger)
    assert (found["entries"], found["records"], found["more_than"]) == (5, 2, None)
    assert lines(found["by_reason"]) == [
        ("post", "MAPPING_MISSING", "PMS", 3, 0, "USD", 12_500),
        ("decode", "UNDECODABLE", None, 0, 1, None, None),
        ("post", "MAPPING_INVALID", "QUICKBOOKS", 1, 0, "USD", 9_000),
        ("post", "REFUSED_BY_TARGET", "PMS", 1, 0, "CAD", 400),
        ("rules", "INVALID_FIELD", None, 0, 1, None, None),
    ]
    assert lines(found["by_practice"]) == [
        ("northside", "PMS", 3, 0, "USD", 12_500),
        ("?", None, 0, 1, None, None),
        ("northside", None, 0, 1, None, None),
        ("southside", "PMS", 1, 0, "CAD", 400),
        ("southside", "QUICKBOOKS", 1, 0, "USD", 9_000),
    ]
    assert [
        (*each["of"], each["entries"] + each["records"]) for each in found["by_age"] if each["target"] == "PMS"
    ] == [
        ("<1 d", 2),
        ("<1 d", 1),
        ("<3 d", 1),
    ]


def test_it_is_narrowed_as_a_redrive_is(ledger: NoticeLedger) -> None:
    """So what is counted is what `redrive` with the same options would take."""
    storm(ledger)
    for options, counts in {
        ("--practice", "southside"): (2, 0),
        ("--reason", "MAPPING_MISSING"): (3, 0),
        ("--reason", "INVALID_FIELD"): (0, 1),
        ("--target", "QUICKBOOKS"): (1, 0),
        ("--until", "2026-03-01T00:00:00Z"): (1, 0),
        ("--since", "2026-03-01T00:00:00Z", "--practice", "northside"): (2, 1),
    }.items():
        found = stats(ledger, *options)
        assert (found["entries"], found["records"]) == counts, options
        listed = writeback_json(ledger.world, "dlq", "list", *options)
        assert (len(listed["entries"]), len(listed["records"])) == counts, options


def test_people_read_tables_that_name_no_patient(ledger: NoticeLedger) -> None:
    storm(ledger)
    said = writeback(ledger.world, "dlq", "stats", "--most", "1", rehearsal_clock=ledger.clock)
    assert "5 entries and 2 records stand dead" in said
    assert "125.00" in said
    assert "By practice" in said
    assert "southside" not in said
    assert "CANARY" not in said
    ledger.connection.execute("UPDATE dead_letters SET settled_at = now()")
    ledger.set_state("SCHEDULED", 1, 2, 3, 4, 5)
    assert "0 entries and 0 records stand dead" in writeback(ledger.world, "dlq", "stats")


def test_a_storm_is_counted_up_to_a_bound_and_that_is_said(ledger: NoticeLedger) -> None:
    storm(ledger)
    found = dead_stats(ledger_of(ledger.connection, RehearsalClock(ledger.clock)), DeadWanted(), looked_at=3)
    assert (found.entries, found.more_than) == (3, 3)
    assert stats(ledger)["more_than"] is None
