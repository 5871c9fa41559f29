"""A transactional loop that copies, for tests of the loop itself: one source topic, one out."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.topics import TopicName, physical
from streams.fault_injection import install
from streams.kafka.client_config import consumer_config, group_protocol, producer_config
from streams.kafka.membership import Batching
from streams.kafka.topic_identity import TopicGuard
from streams.kafka.transactions import Outgoing, Step, TransactionalBatches
from streams.runtime.endpoints import Health
from streams.runtime.errors import Role
from streams.runtime.lifecycle import Stop
from streams.runtime.role_loop import NEVER, run_loop
from streams.settings import ProgramSettings
from tests.scenarios.topics import read_all
from tests.scenarios.waiting import WITHIN_S
from tests.worlds import World

SOURCE, OUT = TopicName.PAYMENTS, TopicName.WRITEBACKS


class Copier:
    """The handler: each value goes out as it came in, `most` in a step."""

    def __init__(self, settings: ProgramSettings, most: int | None = None) -> None:
        self._out = physical(settings.topic_prefix, OUT)
        self._most = most
        self.batches = 0

    def decide(self, batch: Sequence[Message]) -> Step:
        taken = batch[: self._most]
        return Step([Outgoing(self._out, None, _value(message)) for message in taken], len(taken))

    def committed(self) -> None:
        self.batches += 1


class FailingProducer:
    """A real producer of which one call fails as the client reports an abortable error: the group moved on."""

    def __init__(self, producer: Producer, fail_nth: int) -> None:
        self._producer = producer
        self._left = fail_nth
        self.aborted = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._producer, name)

    def send_offsets_to_transaction(self, *args: Any) -> None:
        self._left -= 1
        if self._left == 0:
            raise KafkaException(
                KafkaError(KafkaError.ILLEGAL_GENERATION, "the test aborts this batch", txn_requires_abort=True)
            )
        self._producer.send_offsets_to_transaction(*args)

    def abort_transaction(self, *args: Any) -> None:
        self.aborted += 1
        self._producer.abort_transaction(*args)


class HangingProducer:
    """A real producer that sends offsets and never comes back from it, as the client does after a broker's restart."""

    def __init__(self, producer: Producer, until: threading.Event) -> None:
        self._producer = producer
        self._until = until

    def __getattr__(self, name: str) -> Any:
        return getattr(self._producer, name)

    def send_offsets_to_transaction(self, *args: Any) -> None:
        self._producer.send_offsets_to_transaction(*args)
        self._until.wait()


class CopyLoop:
    """One member of the group, in a thread."""

    def __init__(
        self,
        settings: ProgramSettings,
        *,
        name: str = "copy-0",
        batch: int = 5000,
        linger_s: float = 0.01,
        step: int | None = None,
        wrap: Callable[[Producer], Any] = lambda producer: producer,
    ) -> None:
        install(settings.test_controls)
        self.stop = Stop()
        self.error: BaseException | None = None
        self.health = Health()
        self.handler = Copier(settings, step)
        self.producers: list[Any] = []

        def make_producer() -> Any:
            self.producers.append(wrap(Producer(producer_config(settings, transactional_id=name))))
            return self.producers[-1]

        topic = physical(settings.topic_prefix, SOURCE)
        self._batches = TransactionalBatches(
            consumer=Consumer(consumer_config(settings, group="copy")),
            make_producer=make_producer,
            topics=[topic],
            handler=self.handler,
            guard=TopicGuard(AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers}), [topic]),
            protocol=group_protocol(settings),
            health=self.health,
            stop=self.stop,
            batching=Batching(batch, linger_s),
        )
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def producer(self) -> Any:
        """The newest."""
        return self.producers[-1]

    def _run(self) -> None:
        try:
            run_loop(Role.RULES, self._batches, self.stop, self.health, begin_again=NEVER)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error
        finally:
            self._batches.disconnect()

    def start(self) -> CopyLoop:
        self._thread.start()
        return self

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def end(self, within: float = WITHIN_S) -> BaseException | None:
        self.stop.set()
        return self.join(within)

    def join(self, within: float = WITHIN_S) -> BaseException | None:
        self._thread.join(within)
        if self._thread.is_alive():
            raise AssertionError("the loop did not end")
        return self.error


def put(world: World, values: Sequence[bytes]) -> None:
    producer = Producer({"bootstrap.servers": world.bootstrap, "linger.ms": 5})
    for number, value in enumerate(values):
        producer.produce(physical(world.prefix, SOURCE), value, str(number).encode())
        producer.poll(0)
    producer.flush(WITHIN_S)


def copied(world: World) -> Counter[bytes]:
    """How often each value came out, as a consumer of committed records sees it."""
    return Counter(record.value or b"" for record in read_all(world, OUT))


def consumed_to_the_end(world: World, settings: ProgramSettings) -> bool:
    """Whether the group's committed offsets are the partitions' ends: nothing is left to read."""
    consumer = Consumer({"bootstrap.servers": world.bootstrap, "group.id": settings.prefixed("copy")})
    try:
        topic = physical(world.prefix, SOURCE)
        asked = [TopicPartition(topic, number) for number in range(settings.topic_partitions)]
        for found in consumer.committed(asked, timeout=WITHIN_S):
            _, high = consumer.get_watermark_offsets(found, timeout=WITHIN_S, cached=False)
            if max(found.offset, 0) < high:
                return False
    except KafkaException as error:
        if error.args[0].code() != KafkaError.NOT_COORDINATOR:  # until the group's first commit there may be none
            raise
        return False
    finally:
        consumer.close()
    return True


def _value(message: Message) -> bytes:
    value = message.value()
    return value if isinstance(value, bytes) else b""
