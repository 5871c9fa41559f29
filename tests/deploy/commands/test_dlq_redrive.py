"""What a redrive takes, whole lanes, and how fast: its rate, its pauses, its stop (scenario 51)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from sinks.ledger.schema.migrate import migrate
from sinks.operations.actions import redrive_plan
from sinks.operations.actions.redrive import redrive
from sinks.operations.actions.republish import Republisher
from sinks.operations.queries.dead_letters import DeadWanted
from streams.runtime.clock import SystemClock
from streams.runtime.lifecycle import Stop
from tests.deploy.commands.console import writeback, writeback_json
from tests.deploy.commands.test_dlq import APPLY, fates, states
from tests.sinks.notices.notice_ledger import Mailbox, NoticeLedger
from tests.sinks.operations.orders import ledger_of, order
from tests.worlds import World

pytestmark = pytest.mark.stack


@pytest.fixture
def ledger(world: World, tmp_path: Path) -> Iterator[NoticeLedger]:
    migrate(world.database_url)
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        made = NoticeLedger(world, connection, Mailbox(), tmp_path)
        made.practice("northside")
        yield made


@pytest.mark.parametrize(("per_second", "expected"), [(2, [1.0, 1.0]), (0.1, [10.0] * 4), (100, [])])
def test_a_storm_is_paced(ledger: NoticeLedger, per_second: float, expected: list[float]) -> None:
    """Scenario 51: no more at once than the rate lets through in a second, and between two as long a pause as it asks
    for. A slow rate is one entry at a time, and nobody waits after the last."""
    for number in range(1, 6):
        ledger.effect(number)
    pauses: list[float] = []
    after: list[int] = []

    class Patient(Stop):
        def wait(self, seconds: float) -> bool:
            pauses.append(seconds)
            after.append([*states(ledger).values()].count("SCHEDULED"))
            return False

    done = redrive(
        ledger_of(ledger.connection, SystemClock()),
        redrive_plan.plan_redrive(ledger.connection, DeadWanted(practice_id="northside")),
        Republisher(ledger.world.settings()),
        order(),
        per_second=per_second,
        stop=Patient(),
    )
    assert done is not None
    assert done.released == 5
    assert pauses == expected
    assert after == {2: [2, 4], 0.1: [1, 2, 3, 4], 100: []}[per_second]
    assert ledger.one("SELECT count(*) FROM audit") == len(expected) + 1


def test_a_redrive_that_is_stopped_leaves_the_rest_dead(ledger: NoticeLedger) -> None:
    """In a pause too, which is long where the rate is slow."""

    class Interrupted(Stop):
        def wait(self, seconds: float) -> bool:
            self.set()
            return super().wait(seconds)

    for number in range(1, 4):
        ledger.effect(number)
    planned = redrive_plan.plan_redrive(ledger.connection, DeadWanted(practice_id="northside"))
    operations, again = ledger_of(ledger.connection, SystemClock()), Republisher(ledger.world.settings())
    done = redrive(operations, planned, again, order(), per_second=0.01, stop=Interrupted())
    assert done is not None
    assert done.released == 1
    assert states(ledger) == {1: "SCHEDULED", 2: "INVALID_CONFIG", 3: "INVALID_CONFIG"}


def test_a_lane_is_named_by_an_entry_of_it(ledger: NoticeLedger) -> None:
    """Also by one that is not dead: that is what somebody sees waiting. Its own name may hold a patient's surrogate."""
    ledger.effect(1, lane="p:a", state="SCHEDULED", reason="AUTO_INSTANT")
    ledger.effect(2, lane="p:a")
    ledger.effect(3, lane="p:b")
    ledger.effect(4, lane="p:a", connection_id="other")
    ledger.dead_letter(17, stage="rules", reason="INVALID_FIELD")
    lane = ("--practice", "northside", "--lane", "e:1")
    listed = writeback_json(ledger.world, "dlq", "list", *lane)
    assert [each["id"] for each in listed["entries"]] == ["e:2"]
    assert listed["records"] == []
    assert fates(writeback_json(ledger.world, "dlq", "redrive", *lane, *APPLY)) == {"e:2": "RELEASE"}
    assert [*states(ledger).values()].count("SCHEDULED") == 2


def test_lanes_are_whole_however_much_else_stands_dead(ledger: NoticeLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is chosen comes after more dead entries than are looked at for its lanes."""
    monkeypatch.setattr(redrive_plan, "WHOLE_LANES", 2)
    for number in range(1, 5):
        ledger.effect(number)
    ledger.effect(5, lane="p:z")
    ledger.effect(6, lane="p:z", state="REJECTED", reason="REFUSED_BY_TARGET")
    planned = redrive_plan.plan_redrive(ledger.connection, DeadWanted(reason="REFUSED_BY_TARGET"))
    assert [item.id for item in planned.items] == ["e:5", "e:6"]
    assert not planned.more


def test_a_redrive_of_a_part_says_that_there_may_be_more(ledger: NoticeLedger) -> None:
    for number in range(1, 4):
        ledger.effect(number)
    wanted = ("dlq", "redrive", "--practice", "northside")
    assert "repeat the command for the rest" in writeback(ledger.world, *wanted, "--most", "2")
    document = writeback_json(ledger.world, *wanted, "--most", "2", *APPLY)
    assert (document["more"], document["done"]["released"]) == (True, 2)
    assert writeback_json(ledger.world, *wanted, "--most", "2")["more"] is False


def test_a_rate_is_given_a_second_or_a_minute_and_the_preview_says_how_long(ledger: NoticeLedger) -> None:
    for number in range(1, 7):
        ledger.effect(number)
    wanted = ("dlq", "redrive", "--practice", "northside")
    assert "takes about 1 s" in writeback(ledger.world, *wanted)
    assert "takes about 3 min" in writeback(ledger.world, *wanted, "--per-minute", "2")
    assert "takes about 12 s" in writeback(ledger.world, *wanted, "--per-second", "0.5")
    document = writeback_json(ledger.world, *wanted, "--per-minute", "6000", *APPLY)
    assert document["done"]["released"] == 6
