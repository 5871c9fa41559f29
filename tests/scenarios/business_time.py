"""Business time of a scenario: a rehearsal clock that all of its roles share (PROTOCOL section 5, two clocks)."""

from __future__ import annotations

from datetime import datetime

from streams.runtime.clock import RehearsalClock, set_rehearsal
from tests.scenarios.pipeline import Pipeline


class BusinessTime:
    """Made before the first practice and the first role. It ticks; `to` moves it forward at once."""

    def __init__(self, pipeline: Pipeline, at: datetime) -> None:
        self._file = pipeline.folder / "clock"
        set_rehearsal(self._file, at)
        pipeline.common["rehearsal_clock"] = self._file
        pipeline.settings = pipeline.world.settings(**pipeline.common)
        self._clock = RehearsalClock(self._file)

    def now(self) -> datetime:
        return self._clock.now()

    def to(self, at: datetime) -> None:
        if at <= self.now():
            raise AssertionError(f"business time only moves forward: it is {self.now()} already")
        set_rehearsal(self._file, at)
