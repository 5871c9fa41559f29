"""Resumes calls to the broker that timed out, within a deadline."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Final

from confluent_kafka import KafkaException

from streams.runtime.endpoints import Health
from streams.runtime.errors import Transient
from streams.runtime.lifecycle import Stop
from streams.runtime.role_loop import OUTAGE_S

CALL_S: Final = 15.0
"""One try of a transactional call: as long as the broker keeps a transaction open. A timed-out call is resumed."""
HANG_S: Final = CALL_S + 5.0
"""A call that is back neither with an answer nor with its own timeout hangs. Seen of send_offsets_to_transaction after
a restart of the broker: it waits without end for a group coordinator that the client has dropped (librdkafka 5456,
5511). Its producer is lost then: another one of the same transactional id ends the open transaction (law 13)."""


class HungCall(Transient):
    """A call of the client that will never return. Its producer must not be used again."""


class ResumedCalls:
    """Repeats a call for as long as a role waits out an outage."""

    def __init__(self, health: Health, stop: Stop) -> None:
        self._health = health
        self._stop = stop
        self._pause = threading.Event()  # never set: what cannot be waited for otherwise waits on it

    def until_done(self, call: Callable[[float], object], *, may_hang: bool = False) -> None:
        """Resumes a call that timed out or may be retried, for up to OUTAGE_S; one try more after a stop. Raises the
        KafkaException that it ends in. `may_hang`: HungCall when the call is not back after HANG_S."""
        until = time.monotonic() + OUTAGE_S
        while True:
            last = bool(self._stop)
            try:
                if may_hang:
                    _watched(call)
                else:
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


def _watched(call: Callable[[float], object]) -> None:
    """The call in a thread of its own, which is left behind with its producer when it hangs: nothing can end it."""
    ended: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()

    def run() -> None:
        try:
            call(CALL_S)
        except Exception as error:  # noqa: BLE001 - raised again below, in the thread that asked
            ended.put(error)
        else:
            ended.put(None)

    threading.Thread(target=run, name="kafka-call", daemon=True).start()
    try:
        error = ended.get(timeout=HANG_S)
    except queue.Empty:
        raise HungCall(
            f"a call of the Kafka client does not return within {HANG_S:.0f} s: start this role again, it goes on "
            "where it was"
        ) from None
    if error is not None:
        raise error
