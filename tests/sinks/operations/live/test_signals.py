"""Golden signals: what two readings say, and that what nobody measured is no zero."""

from __future__ import annotations

import json
import time
from pathlib import Path

from sinks.operations.live.endpoints import Processes
from sinks.operations.live.signals import DESCRIBED, Signal
from sinks.operations.live.watch import KEPT, SignalWatch
from tests.scenarios.waiting import until
from tests.sinks.operations.live.serving import Served, served


def watch_of(folder: Path, *processes: Served) -> SignalWatch:
    file = folder / "targets.json"
    file.write_text(
        json.dumps(
            [
                {"targets": [each.endpoint.address], "labels": {"component": each.endpoint.component, "slot": "0"}}
                for each in processes
            ]
        )
    )
    return SignalWatch(Processes(str(file)))


def test_every_signal_is_described() -> None:
    assert DESCRIBED.keys() == set(Signal)


def test_signals_are_of_all_processes(tmp_path: Path) -> None:
    with served("intake", "poster") as (intake, poster):
        intake.gauge("writeback_ledger_measured_timestamp_seconds", time.time())
        intake.gauge("writeback_effects_open", 12, target="PMS", state="SCHEDULED")
        intake.gauge("writeback_consumer_lag_records", 40, topic="t")
        posted = poster.counter("writeback_transitions_total", to_state="POSTED", target="PMS")
        watch = watch_of(tmp_path, intake, poster)
        watch.look()
        assert watch.latest is None, "a rate takes two readings"
        posted.inc(50)
        watch.look()
        (point,) = watch.points()
    assert point.values[Signal.OPEN] == 12
    assert point.values[Signal.BEHIND] == 40
    assert point.values[Signal.NOT_READY] == 0
    assert (point.values[Signal.POSTED] or 0) > 0


def test_what_nobody_has_measured_is_no_zero(tmp_path: Path) -> None:
    """A ledger that is not reached has no open entries to show, which is not the same as none."""
    with served("poster") as (poster,):
        watch = watch_of(tmp_path, poster)
        watch.look()
        watch.look()
    (point,) = watch.points()
    assert point.values[Signal.OPEN] is None
    assert point.values[Signal.DEAD] is None
    assert point.values[Signal.BEHIND] is None


def test_dead_letters_are_the_notifiers_to_measure(tmp_path: Path) -> None:
    """Without it their number is not known, whoever else has measured the ledger."""
    with served("intake") as (intake,):
        intake.gauge("writeback_ledger_measured_timestamp_seconds", time.time())
        watch = watch_of(tmp_path, intake)
        watch.look()
        watch.look()
    (point,) = watch.points()
    assert point.values[Signal.OPEN] == 0
    assert point.values[Signal.DEAD] is None


def test_a_process_that_is_gone_is_counted(tmp_path: Path) -> None:
    with served("poster") as (poster,):
        watch = watch_of(tmp_path, poster)
        watch.look()
    watch.look()
    assert watch.points()[-1].values[Signal.NOT_READY] == 1


def test_what_is_kept_is_bounded(tmp_path: Path) -> None:
    watch = watch_of(tmp_path)
    watch.look()
    assert watch.points() == ()
    assert watch._points.maxlen == KEPT


def test_it_watches_by_itself_and_ends(tmp_path: Path) -> None:
    with served("poster") as (poster,):
        watch = watch_of(tmp_path, poster)
        watch.start()
        until(lambda: watch.latest is not None, "a view")
        watch.end()
    SignalWatch(Processes("")).end()
