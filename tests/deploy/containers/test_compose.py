"""The compose file: `docker-compose up` plays the demonstration's day, and what it claims is found from outside."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pytest

from deploy.containers.engine import EngineError
from deploy.containers.names import Image
from deploy.demo.day import practice_day
from deploy.demo.expected import Expected, expected_totals
from deploy.demo.opening import day_before, today_utc
from deploy.demo.practices import PRACTICES, System
from deploy.demo.record_counts import records_by_practice
from deploy.demo.steps import SEED
from schemas.topics import RECEIPTED
from tests.citations import ROOT
from tests.deploy.containers.project import Project, project
from tests.scenarios.waiting import until

pytestmark = pytest.mark.machine

DAY_S = 1200.0
"""The day takes two minutes here, and its containers one to start; a busy machine gets the rest."""
OPEN_AND_POSTED = """
SELECT count(*) FILTER (WHERE is_in_lane(state)) AS open, count(*) FILTER (WHERE state = 'POSTED') AS posted
FROM effects
"""
ROLES = ("rules", "intake", "relay", "health", "poster", "notifier", "sync", "agents", "webhooks", "console")


def test_up_plays_the_day(images: Mapping[Image, str]) -> None:
    """Every record has its receipt, what was due stands at the targets to the cent and once, and the poster was killed
    on the way. Read from the published ports and from the sandbox's books, not from what the demonstration printed."""
    on = day_before(today_utc())
    with project("compose.yaml") as mine:
        mine.compose("up", "--detach")
        until(lambda: mine.rows(OPEN_AND_POSTED)[0]["posted"] >= 10, "the morning's first entries are posted", DAY_S)
        until(
            lambda: mine.state("demonstration") == "exited",
            "the day has ended",
            DAY_S,
            lambda: mine.logs("demonstration"),
        )
        told = mine.logs("demonstration")
        assert mine.container("demonstration")["State"]["ExitCode"] == 0, told
        assert [role for role in ROLES if mine.state(role) != "healthy"] == []
        assert mine.container("poster")["RestartCount"] == 1
        assert _clock(mine) >= on
        _check_ledger(mine)
        _check_targets(
            mine, {each.practice_id: expected_totals(practice_day(each, on, SEED), broken=False) for each in PRACTICES}
        )
        until(lambda: _scraped(mine) == dict.fromkeys(ROLES, "1"), "Prometheus scrapes every role")
        assert "writeback-posting" in _rules(mine)
        with pytest.raises(EngineError, match="has practices already"):
            mine.compose("run", "--rm", "demonstration")


def _clock(mine: Project) -> date:
    return datetime.fromisoformat(mine.inside("sandbox", "cat", "/rehearsal/clock").strip()).date()


def _check_ledger(mine: Project) -> None:
    """0 lost: as many receipts as the source topics hold records; and nothing is left that is due."""
    records = sum(records_by_practice(mine.settings(), *RECEIPTED).values())
    (receipts,) = mine.rows("SELECT count(*) AS n FROM receipts")
    assert receipts["n"] == records > 400
    (entries,) = mine.rows(OPEN_AND_POSTED)
    assert entries["open"] == 0
    assert entries["posted"] > 200
    assert mine.rows("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [{"rolsuper": False}]


def _check_targets(mine: Project, expected: Mapping[str, Expected]) -> None:
    """0 doubled, the payments and the payouts to the cent, and a letter where something was wrong."""
    script = (ROOT / "tests/deploy/containers/read_targets.py").read_text()
    books: dict[str, Any] = json.loads(mine.inside("sandbox", "python", "-c", script))
    assert books["doubled"] == 0
    here = [each.practice_id for each in PRACTICES if each.system is System.OPEN_DENTAL]
    assert books["payments"] == {name: expected[name].payments for name in here}
    assert books["deposits"] == {name: expected[name].bank for name in expected}
    assert books["letters"]["harbor-dental"] > 0
    assert books["letters"]["lakeside-family"] > 1


def _scraped(mine: Project) -> dict[str, str]:
    found = _asked(mine, "query?query=up")["result"]
    return {each["metric"]["component"]: each["value"][1] for each in found}


def _rules(mine: Project) -> set[str]:
    return {group["name"] for group in _asked(mine, "rules")["groups"]}


def _asked(mine: Project, what: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{mine.prometheus_port}/api/v1/{what}", timeout=10) as answer:
        return json.load(answer)["data"]


def test_a_synchronous_standby_follows(images: Mapping[Image, str]) -> None:
    """The poster, told to accept no single node, works; the standby holds what was committed."""
    with project("compose.yaml", "compose.standby.yaml") as mine:
        mine.compose("up", "--detach", "poster")
        until(lambda: mine.state("poster") == "healthy", "the poster is at work", DAY_S, lambda: mine.logs("poster"))
        standbys = mine.rows("SELECT application_name, sync_state FROM pg_stat_replication", user="postgres")
        assert standbys == [{"application_name": "standby", "sync_state": "sync"}]
        query = "SELECT count(*) FROM topic_partitions"
        here = mine.rows(query, user="postgres")[0]["count"]
        there = mine.inside(
            "postgres-standby",
            "psql",
            "postgresql://postgres:rehearsal@127.0.0.1/writeback",
            "--tuples-only",
            "--command",
            query,
        )
        assert int(there) == here


def test_control_without_a_standby_the_poster_refuses(images: Mapping[Image, str]) -> None:
    with project("compose.yaml") as mine:
        mine.compose("up", "--detach", "sandbox")
        with pytest.raises(EngineError, match="no synchronous standby"):
            mine.compose("run", "--rm", "-e", "WRITEBACK_SINGLE_NODE=false", "poster")
