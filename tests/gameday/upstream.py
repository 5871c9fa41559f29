"""An upstream that goes on while the broker comes and goes: what it was told was stored is what counts as sent."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from schemas.events import Event
from streams.kafka.producer import EventProducer
from tests.scenarios.waiting import WITHIN_S
from tests.worlds import World

BETWEEN_S = 0.5


class Upstream:
    """Sends events at a pace, by a thread of its own, until `end` has seen each of them confirmed."""

    def __init__(self, world: World, events: Sequence[Event]) -> None:
        self._world, self._events = world, events
        self._error: BaseException | None = None
        self._pace = threading.Event()  # never set
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self) -> None:
        """Blocks until the broker has confirmed all; raises what kept it from that."""
        self._thread.join(2 * WITHIN_S)
        if self._error is not None:
            raise self._error
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            with EventProducer({"bootstrap.servers": self._world.bootstrap}, self._world.prefix) as producer:
                for event in self._events:
                    producer.send(event)
                    self._pace.wait(BETWEEN_S)
        except Exception as error:  # noqa: BLE001 - `end` raises it
            self._error = error
