"""The pipeline as it is now, read from the roles: rates, what waits, and a process that does not answer."""

from __future__ import annotations

import http.server
import socket
import threading
import time

import pytest

from sinks.operations.live import view as live
from sinks.operations.live.scrape import Endpoint, Reading, scrape
from sinks.operations.live.view import Counted, Money, live_view
from streams.runtime.metric_catalogue import CATALOGUE
from tests.sinks.operations.live.serving import served


def key(**labels: str) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


def reading(component: str, at: float, samples: dict[str, dict[frozenset[tuple[str, str]], float]]) -> Reading:
    return Reading(endpoint=Endpoint("h:1", component, "0"), at=at, ready=True, why="ok", samples=samples)


def test_rates_are_of_what_each_role_does() -> None:
    """40 records in two seconds are 20 a second, whatever their outcome."""
    with served("rules") as (rules,):
        taken = rules.counter("writeback_rules_records", topic="payments.v1", outcome="planned")
        before = scrape([rules.endpoint])
        taken.inc(40)
        now = scrape([rules.endpoint])
    (role,) = live_view(before, now, time.time()).roles
    assert role.ready
    seconds = now[0].at - before[0].at
    assert role.done_per_s == pytest.approx(40 / seconds)
    assert role.errors_per_s is None, "it shows no errors, which is not the same as none"


def test_a_process_that_was_restarted_counts_from_its_start() -> None:
    name = "writeback_relayed_total"
    before = reading("relay", 10.0, {name: {key(topic="t"): 500.0}})
    now = reading("relay", 12.0, {name: {key(topic="t"): 6.0}})
    (role,) = live_view([before], [now], 0.0).roles
    assert role.done_per_s == 3.0


def test_what_waits_is_closed_or_dead_is_listed_most_first() -> None:
    """What is 0 is not listed; what several processes measure counts once."""
    open_now = {
        key(target="PMS", state="SCHEDULED"): 3.0,
        key(target="QUICKBOOKS", state="SCHEDULED"): 4.0,
        key(target="PMS", state="REJECTED"): 2.0,
        key(target="PMS", state="PAUSED"): 0.0,
    }
    intake = reading(
        "intake",
        1.0,
        {
            "writeback_effects_open": open_now,
            "writeback_unposted_minor_units": {
                key(target="PMS", age="<1h", currency="USD"): 100.0,
                key(target="PMS", age="older", currency="USD"): 50.0,
            },
            "writeback_connections_closed": {key(route="open_dental", reason="UNREACHABLE"): 2.0},
            "writeback_quickbooks_token_days_left": {key(): float("nan")},
            "writeback_ledger_measured_timestamp_seconds": {key(): 970.0},
        },
    )
    dead = {"writeback_dead_letters_open": {key(stage="rules", reason="CONFLICT"): 5.0}}
    view = live_view([], [intake, reading("notifier", 1.0, dead), reading("notifier", 1.0, dead)], 1000.0)
    assert view.open_by_state == (Counted("SCHEDULED", 7.0), Counted("REJECTED", 2.0))
    assert view.dead_entries == 2.0
    assert view.unposted == (Money("USD", 150.0),)
    assert view.closed == (Counted("open_dental UNREACHABLE", 2.0),)
    assert view.dead == (Counted("CONFLICT", 5.0),)
    assert view.token_days is None
    assert view.measured_ago_s == 30.0
    assert view.outbox_rows is None


def test_a_role_says_what_it_waits_for_and_how_far_it_is_behind() -> None:
    with served("intake") as (intake,):
        intake.health.ready(False, "waiting for an assignment")
        intake.gauge("writeback_consumer_lag_records", 30, role="intake", topic="writebacks.v1", partition="0")
        intake.gauge("writeback_consumer_lag_seconds", 90, role="intake", topic="writebacks.v1", partition="0")
        (role,) = live_view([], scrape([intake.endpoint]), 0.0).roles
    assert (role.ready, role.waits_for) == (False, "waiting for an assignment")
    assert (role.behind, role.behind_s) == (30, 90)


def test_a_process_that_does_not_answer_hides_no_other() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, served("relay") as (relay,):
        hung = Endpoint(f"127.0.0.1:{silent.getsockname()[1]}", "poster", "0")
        gone = Endpoint("127.0.0.1:1", "rules", "0")
        readings = scrape([hung, relay.endpoint, gone])
    view = live_view([], readings, 0.0)
    assert [role.ready for role in view.roles] == [False, True, False]
    assert view.roles[0].waits_for.startswith("does not answer")
    assert view.roles[2].waits_for == "does not answer (ConnectionRefusedError)"


@pytest.mark.parametrize("body", [b"<html>something else {</html>", b"\xff\xfe", b"x" * (9 * 1024 * 1024)])
def test_what_answers_with_something_else_is_said(body: bytes) -> None:
    """Another program at that port, however much it says."""

    class Other(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Other)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        (found,) = scrape([Endpoint(f"127.0.0.1:{server.server_address[1]}", "relay", "0")])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert found.fault is not None
    assert "answer" in found.fault


def test_no_process_is_no_error() -> None:
    assert live_view(scrape([]), scrape([]), 0.0).roles == ()


def test_the_view_asks_for_what_is_measured() -> None:
    """A metric that was renamed would leave an empty list, which reads like good news."""
    import re
    from pathlib import Path

    known = {row.name for row in CATALOGUE} | {f"{row.name}_sum" for row in CATALOGUE if row.kind == "histogram"}
    named = set(re.findall(r'"(writeback_\w+)"', Path(live.__file__).read_text(encoding="utf-8")))
    assert len(named) > 15
    assert named <= known
