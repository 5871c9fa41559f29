"""Reads the roles' metrics again and again in a thread, and keeps some hours of signals for whoever looks."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from sinks.operations.live.endpoints import Processes
from sinks.operations.live.scrape import Reading, scrape
from sinks.operations.live.signals import Point, point_of
from sinks.operations.live.view import LiveView, live_view
from streams.runtime.logging import log

EVERY_S: Final = 15.0
"""As Prometheus does: a reading of each process costs it some milliseconds."""
FIRST_S: Final = 2.0
"""Between the first two: until there is a view, whoever looks sees nothing."""
KEPT: Final = 960
"""Four hours; about 1 MB."""

_LOG: Final = log(__name__)


class SignalWatch:
    """One for each process. `latest` and `points` are for any thread, and never block; what is kept ends with it."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._points: deque[Point] = deque(maxlen=KEPT)
        self._latest: LiveView | None = None
        self._before: list[Reading] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="signals", daemon=True)

    @property
    def watches(self) -> bool:
        """Whether any process is named at all."""
        return bool(self._processes)

    @property
    def latest(self) -> LiveView | None:
        """The newest view; None before the second reading."""
        return self._latest

    def points(self) -> Sequence[Point]:
        """The oldest first."""
        return tuple(self._points)

    def start(self) -> None:
        if self.watches:
            self._thread.start()

    def end(self) -> None:
        """Blocks for a reading at most."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def look(self) -> None:
        """One reading. Blocks for two deadlines of `scrape` at most."""
        now = scrape(self._processes.endpoints())
        if self._before:
            self._latest = live_view(self._before, now, time.time())
            self._points.append(point_of(self._latest, datetime.now(UTC)))
        self._before = now

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - what could not be read is looked for again; pages show the gap
                _LOG.failure("the roles' metrics could not be read", error)
            self._stop.wait(FIRST_S if self._latest is None else EVERY_S)
