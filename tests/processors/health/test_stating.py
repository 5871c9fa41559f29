"""Which states are published when: news at once, the rest again and again, and nothing of what is another's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from processors.health.outcome_window import OutcomeWindow
from processors.health.statement import MISSING, statement_of
from processors.health.stating import ROUND, Stating
from processors.health.target_window import TargetWindow, with_heartbeat
from schemas.heartbeats import Heartbeat
from schemas.practice_health import PracticeHealth
from schemas.vocabulary import HealthState, Target
from streams.runtime.times import HealthTimes
from tests.processors.health.beats import NOON, beat

TIMES = HealthTimes()


class Kept:
    """Practices with one target each, and what is stated of them."""

    def __init__(self) -> None:
        self.windows: dict[str, TargetWindow] = {}
        self.stating = Stating(TIMES, self.windows_of, self.state)
        self.now = NOON

    def windows_of(self, practice_id: str) -> Mapping[Target, TargetWindow]:
        window = self.windows.get(practice_id)
        return {} if window is None else {Target.PMS: window}

    def state(self, practice_id: str, windows: Mapping[Target, TargetWindow], now: datetime) -> PracticeHealth:
        return statement_of(practice_id, windows, OutcomeWindow(), now, TIMES)

    def learn(self, practice_id: str, heartbeat: Heartbeat) -> None:
        self.windows[practice_id] = with_heartbeat(self.windows.get(practice_id, TargetWindow()), heartbeat, TIMES)
        self.stating.touch(practice_id)

    def round(self, seconds: float = 0.0, *, taken: bool = True) -> list[tuple[str, str]]:
        """What is published so many seconds later, and why."""
        self.now += timedelta(seconds=seconds)
        due = self.stating.due(self.now)
        for health, _ in due if taken else []:
            self.stating.published(health, self.now)
        return [(health.practice_id, why) for health, why in due]

    def until(self, seconds: float) -> list[tuple[str, str]]:
        """The same in rounds, as the role makes them."""
        return [each for _ in range(int(seconds / TIMES.look_s)) for each in self.round(TIMES.look_s)]


def test_news_is_stated_at_once_and_counts_are_no_news() -> None:
    kept = Kept()
    kept.learn("p1", beat(0, ANSWERED=3))
    assert kept.round() == [("p1", "changed")]
    kept.learn("p1", beat(0.1, ANSWERED=3))
    assert kept.round(6) == []
    kept.learn("p1", beat(0.2, UNREACHABLE=20))
    assert kept.round(6) == [("p1", "changed")]
    assert kept.stating.counts() == {HealthState.FAILING: 1}


def test_what_lasts_is_repeated_before_three_are_missing() -> None:
    """Law 27: what is news each minute, what is none each quarter of an hour; for ever, at rest as well."""
    kept = Kept()
    kept.learn("off", beat(0, UNREACHABLE=9))
    kept.learn("well", beat(0, ANSWERED=9))
    kept.round()
    for _ in range(4):
        again = kept.until(MISSING * TIMES.repeat_s - TIMES.repeat_s)
        assert again.count(("off", "repeated")) >= MISSING - 1
    day = kept.until(4 * TIMES.repeat_healthy_s)
    assert 4 <= day.count(("well", "repeated")) <= 6


def test_time_alone_ends_a_failure() -> None:
    """Five calm minutes after an answer, without a further heartbeat: HEALTHY is stated when it is so."""
    kept = Kept()
    kept.learn("p1", beat(0, UNREACHABLE=9))
    kept.learn("p1", beat(0.5, ANSWERED=1))
    kept.round(30)
    assert ("p1", "changed") in kept.until(6 * 60)
    assert kept.stating.counts() == {HealthState.HEALTHY: 1}


def test_what_the_broker_did_not_take_is_stated_again() -> None:
    kept = Kept()
    kept.learn("p1", beat(0, UNREACHABLE=9))
    assert kept.round(taken=False) == [("p1", "changed")]
    kept.stating.touch("p1")
    assert kept.round(2) == [("p1", "changed")]


def test_practices_of_another_worker_are_not_stated() -> None:
    """After a change of assignment only one's own are, and each of those is, whatever was stated before."""
    kept = Kept()
    for name in ("mine", "other"):
        kept.learn(name, beat(0, UNREACHABLE=9))
    kept.round()
    del kept.windows["other"]
    kept.stating.begin(["mine"], kept.now)
    assert {practice for practice, _ in kept.until(5 * 60)} == {"mine"}
    assert kept.stating.counts() == {HealthState.OFFLINE: 1}


def test_a_round_is_bounded() -> None:
    """More practices than one round may judge follow in the next: the loop never stands still for all of them."""
    kept = Kept()
    for number in range(2 * ROUND + 10):
        kept.windows[f"p{number}"] = with_heartbeat(TargetWindow(), beat(0, ANSWERED=1), TIMES)
    kept.stating.begin(list(kept.windows), NOON)
    rounds = [len(kept.round(TIMES.look_s)) for _ in range(3)]
    assert rounds == [ROUND, ROUND, 10]
