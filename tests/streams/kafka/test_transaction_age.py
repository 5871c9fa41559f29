"""Law 13: a producer that lost its transaction says which of two things happened, and what to do about it."""

from __future__ import annotations

import time

import pytest

from streams.kafka.transaction_age import OpenSince, fenced_error


def test_a_standstill_is_not_reported_as_another_process() -> None:
    text = str(fenced_error("worker", 42.4, 15.0))
    assert "stood still for 42 s" in text
    assert "same slot" not in text
    assert "its restart goes on" in text


def test_a_short_transaction_was_taken_by_another_process() -> None:
    text = str(fenced_error("relay", 1.0, 15.0))
    assert "newer relay with the same slot" in text
    assert "--slot" in text


@pytest.mark.parametrize("clock", ["boot", "wall"])
def test_each_clock_alone_reports_a_standstill(monkeypatch: pytest.MonkeyPatch, clock: str) -> None:
    """A suspended machine stops the one, a clock set back the other."""
    boot, wall = time.clock_gettime, time.time
    since = OpenSince()
    if clock == "boot":
        monkeypatch.setattr(time, "clock_gettime", lambda which: boot(which) + 60)
    else:
        monkeypatch.setattr(time, "time", lambda: wall() + 60)
    assert since.age_s() >= 60
