"""`writeback golive check`, `backfill` and `whatif` as a person runs them, with deaths in between (SET-17, SET-24)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from schemas.practice_settings import TypeMode
from streams.runtime.clock import SystemClock
from tests.deploy.commands.console import Said, writeback, writeback_here, writeback_json_here
from tests.processors.rules.event_examples import modes
from tests.scenarios.waiting import until
from tests.sinks.poster.offices import SECRET_TEXT, Office, Offices

pytestmark = pytest.mark.stack


def a_practice(offices: Offices, **settings: Any) -> tuple[Office, str]:
    """Connected, with a test patient; business time is the machine's, since the commands' is."""
    office = offices.open("live", **settings)
    offices.database.clock.instant = SystemClock().now()
    return office, str(offices.sandbox.open_dental.add_patient(office.customer_key)["PatNum"])


def check(offices: Offices, patient: str, *more: str, **settings: Any) -> Said:
    """In a process of its own where it is to die."""
    run = writeback if settings else writeback_here
    arguments = ("golive", "check", "live", "--test-patient", patient, "--yes", "--why", "goes live", *more)
    return run(offices.world, *arguments, secret_key=SECRET_TEXT, **settings)


@pytest.mark.parametrize("point", ["golive.after_mark", "golive.after_answer"])
def test_a_check_that_dies_is_continued_by_the_same_command(offices: Offices, point: str) -> None:
    """Laws 16 and 19: killed before the call or after its answer, it ends with one payment and one reversal."""
    office, patient = a_practice(offices, master=False)
    assert writeback_here(offices.world, "practice", "entitle", "live", "--yes", "--why", "contract").code == 0
    died = check(offices, patient, test_crash_at=point)
    assert died.code == -9
    assert len(office.payments()) == (point == "golive.after_answer")
    until(lambda: check(offices, patient, "--switch-on").code == 0, "the check passes")
    assert office.payments() == [(int(patient), 100)]
    assert office.adjustments() == [(int(patient), 100)]
    shown = writeback_json_here(offices.world, "settings", "show", "live")
    assert (shown["golive_passed"], shown["in_force"]["settings"]["master"]) == (True, True)
    paid, back = (row[0] for row in offices.database.rows("SELECT external_id FROM golive_checks ORDER BY step"))
    told = writeback_here(offices.world, "explain", paid)
    assert "the test payment of go-live check 1 of live: found as" in told, told.errors
    assert f"taken back by {back}" in told


def test_a_checklist_that_fails_says_what_to_do_and_exits_1(offices: Offices) -> None:
    _, patient = a_practice(offices, master=False)
    said = check(offices, patient)
    assert said.code == 1
    assert "practice entitle live" in said.replace("\n", " ")
    assert "not passed yet" in said


def test_skipped_payments_are_tried_backfilled_and_posted_once(offices: Offices) -> None:
    """E-9 d: what-if, preview, --yes with a reason; then the poster posts each once."""
    office, _ = a_practice(offices, types=modes(terminal=TypeMode.OFF))
    now = offices.database.clock.instant
    offices.database.report(office.pay(gross=10_000, fee=320, occurred_at=now - timedelta(seconds=1)))
    stretch = ("--from", (now - timedelta(days=1)).isoformat(), "--to", (now + timedelta(days=1)).isoformat())
    tried = writeback_json_here(
        offices.world, "whatif", "--practice", "live", *stretch, "--change", "types.terminal=AUTO"
    )
    assert tried["sum"]["differing"] == 1
    assert [each["state"] for each in tried["payments"][0]["after"]["entries"]] == ["SCHEDULED"] * 2
    shown = writeback_json_here(offices.world, "backfill", "live", *stretch)
    assert (shown["dry_run"], shown["payments"], shown["entries"]) == (True, 1, 2)
    refused = writeback_here(offices.world, "backfill", "live", *stretch, "--yes")
    assert "needs --why" in refused.errors
    done = writeback_here(offices.world, "backfill", "live", *stretch, "--yes", "--why", "we forgot the terminals")
    assert "2 entries of 1 payment are due now" in done
    again = writeback_json_here(offices.world, "backfill", "live", *stretch, "--yes", "--why", "once more")
    assert again["done"]["entries"] == 0
    offices.poster()
    office.until_states("POSTED", "POSTED")
    assert [minor for _, minor in office.payments()] == [9680]
    assert office.doubled() == []


def test_stretches_are_days_of_the_practice_or_instants(offices: Offices) -> None:
    a_practice(offices)
    for edges, words in [
        (("yesterday", "2026-03-02"), "--from: write a day like"),
        (("2026-03-02", "2026-03-02T10:00:00"), "--to: write a day like"),
        (("2026-03-02", "2026-03-01"), "does not come after"),
    ]:
        said = writeback_here(offices.world, "backfill", "live", "--from", edges[0], "--to", edges[1])
        assert (said.code, words in said.errors) == (2, True), said.errors
    said = writeback_here(
        offices.world, "backfill", "live", "--from", "2026-03-02", "--to", "2026-03-02", "--also", "TYPE_OFF"
    )
    assert "takes one of COMPANION_OFF" in said.errors
