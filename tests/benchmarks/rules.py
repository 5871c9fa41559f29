"""P1: RULES with real decisions in transactions, beside the bare loop and Quix Streams; interleaved rounds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Final

import msgspec
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from schemas.codec import encode_event, encode_settings
from schemas.topics import TopicName, physical
from streams.kafka.topics import ensure_topics
from tests.benchmarks.contenders import Contender, Progress, Speed, measure
from tests.benchmarks.measures import Measure, at_least, median_ratio, not_measured, reported
from tests.benchmarks.traffic import histories, payments, practice_ids
from tests.worlds import World

PARTITIONS: Final = 6
PRACTICES: Final = 500
ROUNDS: Final = 3
WITHIN_S: Final = 180.0
SENT_S: Final = 120.0

RULES, WRITEBACK, ECHO, QUIX = "rules", "raw-writeback", "raw-echo", "quix"


class Arena(msgspec.Struct, frozen=True):
    """Where a round happens."""

    world: World
    folder: Path
    quix_python: Path | None
    """None: Quix Streams is not there."""

    def start(self, name: str) -> Contender:
        environ = self.world.settings(topic_partitions=PARTITIONS, log_level="WARNING").to_environ()
        commands = {
            RULES: [sys.executable, "-m", "deploy.command", "rules"],
            WRITEBACK: [sys.executable, "-m", "tests.benchmarks.raw_loop", "writeback"],
            ECHO: [sys.executable, "-m", "tests.benchmarks.raw_loop", "echo"],
            QUIX: [
                *(str(self.quix_python), "-m", "tests.benchmarks.quix.loop"),
                *(self.world.bootstrap, self.world.prefix, str(PRACTICES)),
            ],
        }
        return Contender(name, commands[name], environ, self.folder)

    def contenders(self) -> list[str]:
        return [RULES, WRITEBACK, ECHO, *([QUIX] if self.quix_python is not None else [])]


def rules_throughput(world: World, folder: Path, quix_python: Path | None, records: int) -> Iterator[Measure]:
    """Each round: `records` payments are sent, then each contender works them off alone; the order turns."""
    arena = Arena(world, folder, quix_python)
    prepare(world)
    names = arena.contenders()
    speeds: dict[str, list[Speed]] = {name: [] for name in names}
    for number in range(ROUNDS):
        send(world, records, run=f"p1-{number}")
        turned = names[number % len(names) :] + names[: number % len(names)]
        for name in turned:
            speeds[name].append(_run(arena, name, records * (number + 1)))
    yield from _told(speeds)


def _run(arena: Arena, name: str, until: int) -> Speed:
    world = arena.world
    progress = Progress(world.bootstrap, world.prefix + name, physical(world.prefix, TopicName.PAYMENTS), PARTITIONS)
    contender = arena.start(name)
    try:
        return measure(contender, progress, until, WITHIN_S)
    finally:
        contender.stop()
        progress.close()


def _told(speeds: dict[str, list[Speed]]) -> Iterator[Measure]:
    rate: Callable[[str], list[float]] = lambda name: [speed.per_second for speed in speeds[name]]  # noqa: E731
    cpu = {name: median(speed.cpu_micros for speed in found) for name, found in speeds.items()}
    note = f"{median(rate(RULES)):,.0f}/s; CPU a record {cpu[RULES]:.0f} µs, the bare loop {cpu[WRITEBACK]:.0f} µs"
    yield at_least(
        "P1 rules / bare loop that decodes the event and encodes the same write-back, in transactions",
        median_ratio(rate(RULES), rate(WRITEBACK)),
        1.0,
        note=note,
        why_less="decisions, validation and digests are Python on one core",
    )
    yield reported(
        "P1 rules / bare loop that encodes only the event again (a quarter of the bytes out)",
        median_ratio(rate(RULES), rate(ECHO)),
        "×",
        f"the write-back carries the plan, the digests and the original: 4 × the bytes to encode; the bare loop "
        f"{median(rate(ECHO)):,.0f}/s, {cpu[ECHO]:.0f} µs a record",
    )
    if QUIX in speeds:
        yield at_least(
            "P1 rules / Quix Streams exactly-once, same decisions",
            median_ratio(rate(RULES), rate(QUIX)),
            1.5,
            note=f"Quix {median(rate(QUIX)):,.0f}/s, {cpu[QUIX]:.0f} µs a record",
            why_less="both run the same decisions and encoder, which are most of the work",
        )
    else:
        yield not_measured("P1 rules / Quix Streams exactly-once, same decisions", "its environment is not installed")
    yield reported("P1 rules, CPU a record", cpu[RULES], "µs")


def prepare(world: World) -> None:
    """Topics of the catalogue, the contenders' own output topics, and settings of every practice."""
    ensure_topics(world.settings(topic_partitions=PARTITIONS))
    admin = AdminClient({"bootstrap.servers": world.bootstrap, "log_level": 2})
    own = [NewTopic(world.prefix + name, PARTITIONS, 1) for name in ("raw-writeback", "raw-echo", "quix-out")]
    for made in admin.create_topics(own).values():
        made.result()
    producer = _producer(world)
    for history in histories(practice_ids(PRACTICES)):
        producer.produce(
            physical(world.prefix, TopicName.SETTINGS), encode_settings(history), history.practice_id.encode()
        )
    _flush(producer)


def send(world: World, count: int, *, run: str) -> None:
    """Payments of every practice into the source topic, before anybody is measured."""
    producer = _producer(world)
    topic = physical(world.prefix, TopicName.PAYMENTS)
    for payment in payments(count, practice_ids(PRACTICES), run=run):
        producer.produce(topic, encode_event(payment), payment.practice_id.encode())
        producer.poll(0)
    _flush(producer)


def _producer(world: World) -> Producer:
    return Producer(
        {
            "bootstrap.servers": world.bootstrap,
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "linger.ms": 50,
            "queue.buffering.max.messages": 1_000_000,
            "log_level": 2,
        }
    )


def _flush(producer: Producer) -> None:
    if producer.flush(SENT_S):
        raise KafkaException("the broker did not take the benchmark's records in time")
