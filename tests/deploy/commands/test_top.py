"""`writeback top`: the view in a terminal, its JSON, and which processes it asks."""

from __future__ import annotations

import json
from pathlib import Path

from deploy.local.ports import LOOPBACK
from deploy.scrape_targets import scrape_target, write_targets
from streams.runtime.errors import Role
from tests.deploy.commands.test_command import run
from tests.sinks.operations.live.serving import Served, served


def targets_of(folder: Path, *processes: Served) -> Path:
    """The file that `writeback up` writes."""
    for each in processes:
        role = Role(each.endpoint.component)
        write_targets(folder, [scrape_target(role, int(each.endpoint.slot), LOOPBACK, each.server.port)])
    return folder


def test_one_look_shows_roles_and_what_waits(tmp_path: Path) -> None:
    with served("intake") as (intake,):
        intake.gauge("writeback_effects_open", 12, target="PMS", state="SCHEDULED")
        intake.gauge("writeback_connections_closed", 3, route="open_dental", reason="UNREACHABLE")
        intake.gauge("writeback_unposted_minor_units", 123_456, target="PMS", age="<1h", currency="USD")
        intake.gauge("writeback_outbox_rows", 0)
        targets_of(tmp_path, intake)
        done = run("top", "--once", "--every", "0.2", "--state-dir", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "intake" in done.stdout
    assert "ready" in done.stdout
    assert "SCHEDULED" in done.stdout
    assert "open_dental UNREACHABLE" in done.stdout
    assert "1234.56 USD" in done.stdout
    assert "ledger measured: not yet" in done.stdout


def test_a_process_that_is_gone_is_shown_as_not_ready(tmp_path: Path) -> None:
    write_targets(tmp_path, [scrape_target(Role.RELAY, 1, LOOPBACK, 1)])
    done = run("top", "--once", "--every", "0.2", "--state-dir", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "NOT READY" in done.stdout
    view = json.loads(run("top", "--json", "--every", "0.2", "--state-dir", str(tmp_path)).stdout)
    assert view["roles"][0]["waits_for"].startswith("does not answer")


def test_processes_elsewhere_are_named_and_answered_as_json() -> None:
    with served("poster") as (poster,):
        poster.gauge("writeback_target_calls_in_flight", 1, route="quickbooks")
        done = run("top", "--json", "--every", "0.2", "--target", f"poster={poster.endpoint.address}")
    assert done.returncode == 0, done.stderr
    view = json.loads(done.stdout)
    assert [(role["component"], role["ready"]) for role in view["roles"]] == [("poster", True)]
    assert view["closed"] == []


def test_what_names_no_process_is_said(tmp_path: Path) -> None:
    none = run("top", "--once", "--state-dir", str(tmp_path))
    assert none.returncode == 2
    assert "no `writeback up` runs on" in none.stderr
    for wrong in ("poster", "poster=127.0.0.1", "poster=:9", "=h:1", "poster=h:0"):
        done = run("top", "--once", "--target", wrong)
        assert done.returncode == 2
        assert "write ROLE=HOST:PORT" in done.stderr
