"""Asks the broker from time to time, beside a role's loop: to a consumer a broker that hangs has no records."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streams.runtime.endpoints import Health
from streams.settings import ProgramSettings

ASK_EVERY_S: Final = 3.0
ANSWER_WITHIN_S: Final = 4.0
"""With ASK_EVERY_S less than the 10 s within which readiness notices."""
SILENT: Final = "the broker does not answer"


@contextmanager
def watched_broker(settings: ProgramSettings, health: Health, topic: str) -> Iterator[None]:
    """While the block runs, readiness says when the broker does not answer. `topic`: one that is asked about, so that
    the answer is small."""
    stopped = threading.Event()
    admin = AdminClient({**settings.kafka_client(), "log_level": 3})

    def ask() -> None:
        while True:
            try:
                admin.list_topics(topic, timeout=ANSWER_WITHIN_S)
                health.depends("broker")
            except KafkaException:
                health.depends("broker", SILENT)
            if stopped.wait(ASK_EVERY_S):
                return

    thread = threading.Thread(target=ask, name="broker-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(2 * ANSWER_WITHIN_S)
