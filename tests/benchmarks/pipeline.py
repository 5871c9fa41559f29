"""All roles as processes: the instant path at a steady rate, then the memory of each role after very many events."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

import psycopg
from confluent_kafka import Producer

from schemas.codec import encode_event, encode_settings
from schemas.events import PaymentSucceeded
from schemas.practice_settings import Timing
from schemas.topics import TopicName, physical
from streams.kafka.client_config import producer_config
from streams.kafka.topics import ensure_topics
from tests.benchmarks.contenders import Contender
from tests.benchmarks.ledgers import SECRET_TEXT, furnish
from tests.benchmarks.measures import Measure, NotMeasuredError, Verdict, at_most, percentile, reported
from tests.benchmarks.targets import BareTarget
from tests.benchmarks.traffic import histories, payments, practice_ids
from tests.worlds import World

PARTITIONS: Final = 3
PRACTICES: Final = 200
ROLES: Final = ("rules", "intake", "poster", "relay", "notifier")
RATE: Final = 100
"""Events a second of the instant path."""
WARM_S: Final = 8
"""Left out at the beginning: connections, plans and caches are made."""
SECONDS: Final = 20
ARRIVE_S: Final = 60.0
LOOK_EVERY_S: Final = 0.5
LIMIT_MB: Final = 150.0
FULL_EVENTS: Final = 1_000_000
SLOWEST_PER_S: Final = 50
"""A pipeline below this is not measured but broken."""


def pipeline(world: World, folder: Path, target: BareTarget, events: int) -> Iterator[Measure]:
    """Instant path first, on a fresh ledger; then `events` events as fast as they go, watching each role's memory."""
    practices = practice_ids(PRACTICES)
    known = list(histories(practices, Timing.INSTANT))
    furnish(world.database_url, known, target.base_url)
    ensure_topics(world.settings(topic_partitions=PARTITIONS))
    producer = Producer(producer_config(world.settings()))
    for history in known:
        producer.produce(
            physical(world.prefix, TopicName.SETTINGS), encode_settings(history), history.practice_id.encode()
        )
    producer.flush(30)
    with _roles(world, folder) as roles:
        _warm(world, producer, roles)
        yield from _instant(world, producer, target, practices, roles)
        yield from _memory(world, producer, practices, roles, events)


@contextmanager
def _roles(world: World, folder: Path) -> Iterator[dict[str, Contender]]:
    settings = world.settings(
        topic_partitions=PARTITIONS, log_level="WARNING", secret_key=SECRET_TEXT, smtp_url="smtp://127.0.0.1:9"
    )
    environ = settings.to_environ()
    running: dict[str, Contender] = {}
    try:
        for role in ROLES:
            running[role] = Contender(role, [sys.executable, "-m", "deploy.command", role], environ, folder)
        yield running
    finally:
        for contender in running.values():
            contender.stop()


def _warm(world: World, producer: Producer, roles: dict[str, Contender]) -> None:
    """One payment all the way through: every role is up, and the planner has seen the tables."""
    _send(world, producer, payments(200, practice_ids(PRACTICES), run="first"))
    _until_posted(world, roles, 1, ARRIVE_S)
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        connection.execute("ANALYZE")


def _instant(
    world: World, producer: Producer, target: BareTarget, practices: list[str], roles: dict[str, Contender]
) -> Iterator[Measure]:
    """Payments at RATE, each produced at its own moment; how long until the first byte of its posting arrives."""
    count = RATE * (WARM_S + SECONDS)
    used = {role: contender.cpu_s() for role, contender in roles.items()}
    produced = _paced(world, producer, payments(count, practices, run="instant"))
    busy = ", ".join(f"{role} {(roles[role].cpu_s() - used[role]) / (WARM_S + SECONDS):.0%}" for role in roles)
    deadline = time.monotonic() + ARRIVE_S
    while len(seen := {name for name in target.seen() if name in produced}) < count:
        _check(roles)
        if time.monotonic() > deadline:
            raise NotMeasuredError(f"{len(seen)} of {count} payments arrived at the target in {ARRIVE_S:.0f} s")
        time.sleep(LOOK_EVERY_S)
    arrived = target.seen()
    names = list(produced)[RATE * WARM_S :]
    waits = [(arrived[name] - produced[name]) * 1000 for name in names]
    note = (
        f"{len(names):,} payments, longest {max(waits):.0f} ms; half of them within: {_stages(world, names, arrived)}"
    )
    why = f"all roles, broker, database, target and sender share {os.cpu_count()} cores; of one core: {busy}"
    name = f"P5 instant path at {RATE} events/s, produce to first byte at the target"
    yield at_most(f"{name}: p50", percentile(waits, 0.5), 30, unit="ms", note=note, why_more=why)
    yield at_most(f"{name}: p99", percentile(waits, 0.99), 100, unit="ms", note=note, why_more=why)


def _stages(world: World, names: list[str], arrived: dict[str, float]) -> str:
    """Medians of what passes between the broker's append, the intake's transaction, the mark and the first byte."""
    wall = time.time() - time.monotonic()
    with psycopg.connect(world.database_url) as connection:
        rows = connection.execute(
            "SELECT n.subject, extract(epoch FROM n.appended_at)::float8, extract(epoch FROM n.received_at)::float8,"
            " extract(epoch FROM e.sent_at)::float8 FROM events n JOIN effects e USING (practice_id, source, event_id)"
            " WHERE n.subject = ANY(%s) AND e.entry_kind = 'payment' AND e.sent_at IS NOT NULL",
            (names,),
        ).fetchall()
    if not rows:
        raise NotMeasuredError("the ledger has no marks of the payments that arrived")
    rules = median((received - appended) * 1000 for _, appended, received, _ in rows)
    intake = median((sent - received) * 1000 for _, _, received, sent in rows)
    poster = median((arrived[name] + wall - sent) * 1000 for name, _, _, sent in rows)
    return f"append to intake {rules:.0f} ms, intake to mark {intake:.0f} ms, mark to first byte {poster:.0f} ms"


def _paced(world: World, producer: Producer, events: Iterable[PaymentSucceeded]) -> dict[str, float]:
    """An open loop: the next event does not wait for the last one. The moment that each was handed over."""
    topic = physical(world.prefix, TopicName.PAYMENTS)
    ready = [(event.payment_id, event.practice_id.encode(), encode_event(event)) for event in events]
    produced: dict[str, float] = {}
    began = time.monotonic()
    for number, (payment_id, key, value) in enumerate(ready):
        wait = began + number / RATE - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        produced[payment_id] = time.monotonic()
        producer.produce(topic, value, key)
        producer.poll(0)
    producer.flush(30)
    return produced


def _memory(
    world: World, producer: Producer, practices: list[str], roles: dict[str, Contender], events: int
) -> Iterator[Measure]:
    """The largest resident memory of each role until everything is posted."""
    began = time.monotonic()
    most = dict.fromkeys(roles, 0.0)
    chunk = min(events, 20_000)
    sent = 0
    with psycopg.connect(world.database_url, autocommit=True) as watching:
        before = _done(watching)
        deadline = began + 60 + events / SLOWEST_PER_S
        while (done := _done(watching) - before) < events:
            if sent < events and sent - done < 2 * chunk:
                _send(world, producer, payments(min(chunk, events - sent), practices, run=f"many-{sent}"))
                sent += min(chunk, events - sent)
            _check(roles)
            for role, contender in roles.items():
                most[role] = max(most[role], contender.resident_mb())
            if time.monotonic() > deadline:
                raise NotMeasuredError(f"{done} of {events} events were posted in {time.monotonic() - began:.0f} s")
            time.sleep(LOOK_EVERY_S)
    took = time.monotonic() - began
    worst = max(most, key=lambda role: most[role])
    scaled = "" if events >= FULL_EVENTS else f"; scaled down from {FULL_EVENTS:,}: `make bench FULL=1` runs them all"
    told = ", ".join(f"{role} {most[role]:.0f}" for role in ROLES)
    yield Measure(
        name=f"largest resident memory of a role during {events:,} events",
        value=f"{most[worst]:.0f} MB ({worst})",
        number=round(most[worst], 1),
        target=f"≤ {LIMIT_MB:.0f} MB",
        verdict=Verdict.MET if most[worst] <= LIMIT_MB else Verdict.MISSED,
        why=f"{told}{scaled}",
    )
    yield reported("whole pipeline, events a second until posted", events / took, "/s", "backlog, all roles, one each")


def _send(world: World, producer: Producer, events: Iterable[PaymentSucceeded]) -> None:
    topic = physical(world.prefix, TopicName.PAYMENTS)
    for event in events:
        producer.produce(topic, encode_event(event), event.practice_id.encode())
        producer.poll(0)
    producer.flush(60)


def _until_posted(world: World, roles: dict[str, Contender], count: int, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    with psycopg.connect(world.database_url, autocommit=True) as watching:
        while _done(watching) < count:
            _check(roles)
            if time.monotonic() > deadline:
                raise NotMeasuredError(f"nothing was posted in {within_s:.0f} s")
            time.sleep(LOOK_EVERY_S)


def _done(watching: psycopg.Connection[Any]) -> int:
    """Events whose payment is posted."""
    row = watching.execute("SELECT count(*) FROM effects WHERE state = 'POSTED' AND entry_kind = 'payment'").fetchone()
    return int(row[0]) if row else 0


def _check(roles: dict[str, Contender]) -> None:
    for contender in roles.values():
        contender.check()
