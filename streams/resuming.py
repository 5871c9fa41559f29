"""Calls to the broker that are resumed instead of given up, within a deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from confluent_kafka import KafkaException

from streams.lifecycle import Stop
from streams.telemetry import Health

CALL_S: Final = 15.0
"""One try of a transactional call: as long as the broker keeps a transaction open. A timed-out call is resumed."""
OUTAGE_S: Final = 600.0
"""Aborts in a row, or a call that does not end, for this long: exit, and let a restart decide. Nothing is lost."""


class Resuming:
    """How long a loop insists. `stop` is set by the loop's `run`."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._pause = threading.Event()  # never set: what cannot be waited for otherwise waits on it
        self.stop = Stop()

    def until_done(self, call: Callable[[float], object]) -> None:
        """Resumes a call that timed out or may be retried, for up to OUTAGE_S; one try more after a stop. Raises the
        KafkaException that it ends in."""
        until = time.monotonic() + OUTAGE_S
        while True:
            last = bool(self.stop)
            try:
                call(CALL_S)
                return
            except KafkaException as error:
                if last or not error.args[0].retriable() or time.monotonic() > until:
                    raise
                self._health.beat()
                self.pause(0.05)

    def pause(self, seconds: float) -> None:
        """Between two tries; `stop` does not cut it short, so it is kept to fractions of a second."""
        self._pause.wait(seconds)
