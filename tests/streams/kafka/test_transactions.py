"""The transactional loop on the real broker (law 1, law 3, law 13; scenarios 1, 7, 10, 12)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from confluent_kafka import Producer

from streams.kafka import resumed_calls
from streams.kafka.resumed_calls import HungCall
from streams.kafka.topics import ensure_topics
from streams.kafka.transactions import MOST_HUNG
from streams.runtime.errors import Fenced
from tests.scenarios.waiting import until
from tests.streams.kafka.copying import CopyLoop, FailingProducer, HangingProducer, consumed_to_the_end, copied, put
from tests.worlds import World

pytestmark = pytest.mark.stack

PROTOCOLS = pytest.mark.parametrize("protocol", ["consumer", "classic"])


def _abort_the_third_batch(
    world: World, protocol: str, *, step: int | None = None, **controls: str
) -> tuple[set[bytes], set[bytes]]:
    """What was sent and what came out when the third batch is aborted."""
    settings = world.settings(group_protocol=protocol, **controls)
    ensure_topics(settings)
    sent = [f"{protocol}-{controls}-{number}".encode() for number in range(50)]
    put(world, sent)
    loop = CopyLoop(settings, batch=10, step=step, wrap=lambda producer: FailingProducer(producer, fail_nth=3)).start()
    try:
        until(lambda: consumed_to_the_end(world, settings) or loop.error, "the source is read to its end")
    finally:
        error = loop.end()
    assert error is None
    assert loop.producer.aborted >= 1
    out = copied(world)
    assert set(out.values()) <= {1}
    return set(sent), set(out)


@PROTOCOLS
def test_an_aborted_batch_is_read_again(world: World, protocol: str) -> None:
    """Law 1: the third batch is aborted; every record comes out once."""
    sent, out = _abort_the_third_batch(world, protocol)
    assert out == sent


@pytest.fixture
def hangs(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """What hangs is known soon, and ends with the test."""
    monkeypatch.setattr(resumed_calls, "HANG_S", 1.0)
    over = threading.Event()
    yield over
    over.set()


def _hanging(often: int, over: threading.Event) -> Callable[[Producer], Any]:
    made = iter(range(1_000))
    return lambda producer: HangingProducer(producer, over) if next(made) < often else producer


@PROTOCOLS
def test_a_producer_that_hangs_is_replaced_and_its_batch_is_read_again(
    world: World, protocol: str, hangs: threading.Event
) -> None:
    """Laws 1, 13: what it had sent counts nothing, and the process goes on with what it knows."""
    settings = world.settings(group_protocol=protocol)
    ensure_topics(settings)
    put(world, [f"{number}".encode() for number in range(50)])
    loop = CopyLoop(settings, batch=10, wrap=_hanging(2, hangs)).start()
    until(lambda: consumed_to_the_end(world, settings) or loop.error, "the source is read to its end")
    assert loop.end() is None
    assert len(loop.producers) == 3
    assert set(copied(world).values()) == {1}
    assert len(copied(world)) == 50


def test_producers_that_hang_again_and_again_end_the_process(world: World, hangs: threading.Event) -> None:
    """Each costs memory and a thread: the supervisor's restart begins with none."""
    settings = world.settings()
    ensure_topics(settings)
    put(world, [b"one"])
    loop = CopyLoop(settings, wrap=_hanging(1_000, hangs)).start()
    assert isinstance(loop.join(), HungCall)
    assert len(loop.producers) == 1 + MOST_HUNG
    assert copied(world) == {}


@PROTOCOLS
def test_what_a_step_leaves_of_its_batch_is_in_the_next(world: World, protocol: str) -> None:
    """Laws 1, 9: in order, and after an abort read again from the broker: every record comes out once."""
    sent, out = _abort_the_third_batch(world, protocol, step=4)
    assert out == sent


@PROTOCOLS
def test_without_rewinding_an_aborted_batch_is_lost(world: World, protocol: str) -> None:
    """The control of law 1: with rewinding taken away the same test loses records."""
    sent, out = _abort_the_third_batch(world, protocol, test_controls="rewind")
    assert out < sent


@pytest.mark.long
@PROTOCOLS
def test_members_that_join_and_leave_lose_nothing(world: World, protocol: str) -> None:
    """Churn: members come and go while records flow; every record comes out exactly once (scenarios 1, 7, 10)."""
    settings = world.settings(group_protocol=protocol, topic_partitions=6)
    ensure_topics(settings)
    sent: list[bytes] = []
    members = [CopyLoop(settings, name="copy-0", batch=7, step=3).start()]

    def more(count: int) -> None:
        values = [f"v-{len(sent) + number}".encode() for number in range(count)]
        sent.extend(values)
        put(world, values)

    def takes_part(member: CopyLoop) -> bool:
        """Records flow until the newcomer has done a batch of its own."""
        more(30)
        return member.handler.batches > 0 or member.error is not None

    try:
        for turn in range(1, 6):
            more(150)
            members.append(CopyLoop(settings, name=f"copy-{turn}", batch=7, step=3 if turn % 2 else None).start())
            until(partial(takes_part, members[-1]), "the new member takes part")
            if turn > 1:
                assert members.pop(0).end() is None
        until(lambda: consumed_to_the_end(world, settings), "the source is read to its end")
    finally:
        errors = [member.end() for member in members]
    assert errors == [None] * len(errors)
    out = copied(world)
    assert set(out) == set(sent)
    assert set(out.values()) == {1}


def test_an_equal_slot_fences_the_older_process(world: World) -> None:
    """Law 13: the newer one works, the older one exits with Fenced and has lost nothing."""
    settings = world.settings()
    ensure_topics(settings)
    older = CopyLoop(settings, name="copy-0", batch=1).start()
    put(world, [b"one"])
    until(lambda: older.handler.batches, "the older one works")
    newer = CopyLoop(settings, name="copy-0", batch=1).start()
    # A commit of the older one in just this moment may end in its favour: the broker lets one of the two go on.
    until(lambda: newer.health.is_ready()[0] or newer.error is not None, "the newer one has its transactional id")
    sent = [b"one"]

    def fenced() -> bool:
        """Records flow until the older one meets the newer one's epoch."""
        more = [f"later-{len(sent) + number}".encode() for number in range(12)]
        sent.extend(more)
        put(world, more)
        return not older.running

    try:
        until(fenced, "the older one has ended")
        assert isinstance(older.error, Fenced)
        until(lambda: consumed_to_the_end(world, settings), "the source is read to its end")
    finally:
        older.end()
        assert newer.end() is None
    assert copied(world) == dict.fromkeys(sent, 1)


def test_a_stop_finishes_the_batch_in_hand(world: World) -> None:
    """Scenario 12: ended in order, what was read is committed or still to be read; nothing comes out twice."""
    settings = world.settings()
    ensure_topics(settings)
    sent = [f"v-{number}".encode() for number in range(400)]
    put(world, sent)
    first = CopyLoop(settings, batch=20).start()
    until(lambda: first.handler.batches > 2, "some batches are done")
    assert first.end() is None
    second = CopyLoop(settings, batch=20).start()
    until(lambda: consumed_to_the_end(world, settings), "the source is read to its end")
    assert second.end() is None
    assert copied(world) == dict.fromkeys(sent, 1)


def test_few_records_do_not_wait_for_more(world: World) -> None:
    """The instant path: a batch waits only when it is a crowd. Were it to wait here, it would for an hour."""
    settings = world.settings()
    ensure_topics(settings)
    loop = CopyLoop(settings, linger_s=3600).start()
    try:
        for values in ([b"1"], [b"2", b"3"]):
            put(world, values)
            until(lambda: consumed_to_the_end(world, settings) or loop.error, "what was sent is written")
    finally:
        error = loop.end()
    assert error is None
    assert copied(world) == {b"1": 1, b"2": 1, b"3": 1}
