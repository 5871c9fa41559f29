"""INTAKE on the real broker: topics, records that RULES would have written, and roles that run."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException, Producer

from schemas.codec import encode_writeback
from schemas.topics import TopicName, physical
from schemas.writebacks import Writeback
from sinks.ledger.intake.role import run
from streams.fault_injection import install
from streams.kafka.topics import ensure_topics
from streams.runtime.endpoints import Health
from streams.settings import ProgramSettings
from tests.processors.rules.event_examples import payment
from tests.scenarios.roles import Role
from tests.scenarios.waiting import WITHIN_S, until
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.role_threads import role_thread
from tests.worlds import World

Headers = list[tuple[str, str | bytes | None]]


class IntakeAtWork:
    """One test's surroundings: a database (for settings and queries), topics, a producer like RULES' own."""

    def __init__(self, world: World, database: LedgerDatabase, **settings: Any) -> None:
        self.world = world
        self.database = database
        self._given = settings
        self._slots = itertools.count()
        self.settings: ProgramSettings = world.settings(**settings)
        ensure_topics(self.settings)
        self._producer = Producer(
            {
                "bootstrap.servers": world.bootstrap,
                "transactional.id": f"{world.prefix}rules-0",
                "partitioner": "murmur2_random",
                "message.max.bytes": 9_000_000,
            }
        )
        self._producer.init_transactions(WITHIN_S)

    def payments(self, count: int, start: int = 0) -> list[Writeback]:
        """Payments of as many patients, each event and money of its own."""
        return [
            self.database.decide(payment(event_id=f"ev-{n}", payment_id=f"pay-{n}", patient_ref=f"pt-{n}"))
            for n in range(start, start + count)
        ]

    def send(self, writebacks: Iterable[Writeback]) -> None:
        """In one transaction, so that a control record follows."""
        self.put(
            (TopicName.WRITEBACKS, each.identity.practice_id.encode(), encode_writeback(each), [])
            for each in writebacks
        )

    def put(self, records: Iterable[tuple[TopicName, bytes | None, bytes | None, Headers]]) -> None:
        self._producer.begin_transaction()
        for topic, key, value, headers in records:
            self._producer.produce(
                physical(self.world.prefix, topic), value, key, headers=headers, on_delivery=_delivered
            )
            self._producer.poll(0)
        self._producer.commit_transaction(WITHIN_S)

    def receipts(self) -> int:
        return int(self.database.one("SELECT count(*) FROM receipts"))

    def positions(self) -> dict[str, int]:
        return dict(
            self.database.rows(
                "SELECT t.topic, sum(o.next_offset)::int FROM intake_offsets o JOIN topic_partitions t USING (topic_id)"
                " GROUP BY 1"
            )
        )

    @contextmanager
    def running(self, **settings: Any) -> Iterator[Health]:
        """An intake in a thread of this process; ended in order afterwards, and its error raised. Each has a slot of
        its own: an equal one would fence the older (law 13)."""
        health = Health()
        chosen = self.world.settings(**({"slot": next(self._slots)} | (settings or self._given)))
        install(chosen.test_controls)
        with role_thread(lambda stop: run(chosen, stop, health)) as thread:
            until(lambda: health.is_ready()[0] or not thread.is_alive(), "the intake is ready")
            yield health

    def process(self, folder: Path, **settings: Any) -> Role:
        """An intake as a process of its own."""
        return Role(self.world, "intake", folder, **({"slot": next(self._slots)} | settings))


def _delivered(error: Any, _: object) -> None:
    if error is not None:
        raise KafkaException(error)
