"""What RULES does with records that nobody can decide (law 9; scenarios 52, 53, 54; near-limit records)."""

from __future__ import annotations

import msgspec
import pytest

from processors.rules_role import run
from schemas.codec import decode_writeback, encode_event
from schemas.events import FeePart
from schemas.topics import (
    HEADERS_BYTES,
    PAYOUT_ITEMS,
    PAYOUT_RECORD_BYTES,
    SOURCE_RECORD_BYTES,
    TopicName,
)
from schemas.vocabulary import DeadLetterReason, Stage
from streams.kafka.dead_letter_limit import DeadLetterLimitError
from streams.kafka.dead_letters import DeadLetter, parse_dead_letter
from streams.runtime.endpoints import Health
from streams.runtime.errors import ConfigurationError
from streams.runtime.lifecycle import Stop
from tests.processors.rules.event_examples import PRACTICE, changed, history, item, payment, payout
from tests.processors.running_rules import RulesAtWork, RulesThread, set_topic
from tests.scenarios.topics import Record
from tests.scenarios.waiting import until
from tests.worlds import World

pytestmark = pytest.mark.stack

KEY = PRACTICE.encode()
POISON = b"\x00\xff\xff\xff\xffno schema of this id"


def letter(record: Record) -> DeadLetter:
    return parse_dead_letter([*record.headers.items()])


def good(number: int) -> bytes:
    return encode_event(changed(payment(), event_id=f"ev-{number}", payment_id=f"pay-{number}"))


@pytest.mark.parametrize("place", [0, 5, 10])
def test_poison_first_middle_and_last(world: World, place: int) -> None:
    """Scenarios 52, 54: it leaves by itself, byte for byte, at its partition number; its neighbours are decided."""
    work = RulesAtWork(world)
    work.save(history())
    values = [good(number) for number in range(10)]
    values.insert(place, POISON)
    sent = work.put_all((TopicName.PAYMENTS, KEY, value, None) for value in values)
    with RulesThread(work.settings):
        out = work.until_out(11)
    (dead,) = [record for record in out if record.topic is TopicName.DEAD_LETTERS]
    assert (dead.key, dead.value, dead.partition) == (KEY, POISON, sent[place].partition)
    found = letter(dead)
    assert (found.reason, found.stage, found.practice_id) == (
        DeadLetterReason.UNKNOWN_SCHEMA,
        Stage.DECODE,
        PRACTICE,
    )
    assert (found.position.partition, found.position.offset) == (sent[place].partition, sent[place].offset)
    assert found.position.topic == TopicName.PAYMENTS
    assert found.consumer_group == work.settings.prefixed("rules")
    decided = {decode_writeback(record.value).identity.event_id for record in out if record is not dead}
    assert decided == {f"ev-{number}" for number in range(10)}


@pytest.mark.parametrize("controls", ["", "unknown_keys"])
def test_control_without_the_rule_for_keys_a_key_of_nobody_is_a_practice(world: World, controls: str) -> None:
    """Law 11: whatever stands in a key that names nobody, a patient's name too, is practice `?`; the control believes
    it, and each would be a cause of its own."""
    work = RulesAtWork(world, **({"test_controls": controls} if controls else {}))
    work.save(history())
    keys = (b"Jane Doe", b"John Doe", KEY)
    work.put_all((TopicName.PAYMENTS, key, POISON, None) for key in keys)
    with RulesThread(work.settings):
        out = work.until_out(len(keys))
    believed = {letter(record).practice_id for record in out}
    assert believed == ({"Jane Doe", "John Doe", PRACTICE} if controls else {"?", PRACTICE})


def test_every_dead_letter_is_identical_to_its_source(world: World) -> None:
    """Scenario 54: whatever the key and bytes were, nothing at all included."""
    work = RulesAtWork(world)
    work.save(history())
    odd: list[tuple[bytes | None, bytes | None]] = [
        (None, POISON),
        (b"", b""),
        (b"\xff\xfe", b"\x00"),
        (KEY, None),
        (KEY, bytes(range(256)) * 100),
        (b"practice-2", good(1)),
        (KEY, encode_event(payment(net_minor=1))),
    ]
    sent = work.put_all((TopicName.PAYMENTS, key, value, None) for key, value in odd)
    with RulesThread(work.settings):
        out = work.until_out(len(odd))
    found = {(t.position.partition, t.position.offset): (r.key, r.value, r.partition) for r in out for t in [letter(r)]}
    assert found == {(s.partition, s.offset): (s.key, s.value, s.partition) for s in sent}
    reasons = {letter(record).reason for record in out}
    assert {DeadLetterReason.KEY_MISMATCH, DeadLetterReason.AMOUNTS_DISAGREE} < reasons


def _all_poison(world: World, **settings: str) -> tuple[RulesAtWork, BaseException | None]:
    """More refused records than a run may have, of four practices that are known."""
    work = RulesAtWork(world, **settings)
    work.save(*(msgspec.structs.replace(history(), practice_id=f"practice-{number}") for number in range(4)))
    keys = (f"practice-{number % 4}".encode() for number in range(150))
    work.put_all((TopicName.PAYMENTS, key, POISON, None) for key in keys)
    with RulesThread(work.settings) as rules:
        if settings:
            work.until_out(150)
            return work, rules.error
        return work, rules.until_ended()


def test_a_bad_deployment_stops(world: World) -> None:
    """Scenario 52: 100 % poison stops the worker loudly; what it had not written stays to be read."""
    work, error = _all_poison(world)
    assert isinstance(error, DeadLetterLimitError)
    written = len(work.dead())
    assert written < 100
    assert sum(work.committed(TopicName.PAYMENTS).values()) == written


def test_one_practice_with_nothing_but_bad_records_stops_nobody(world: World) -> None:
    """Guarantee 4: three hundred of them in a row, and what others send is decided behind them."""
    work = RulesAtWork(world)
    work.save(history())
    work.put_all((TopicName.PAYMENTS, KEY, POISON, None) for _ in range(300))
    work.put(TopicName.PAYMENTS, KEY, good(1))
    with RulesThread(work.settings):
        work.until_out(301)
    assert len(work.dead()) == 300


def test_without_the_limit_a_bad_deployment_dead_letters_everything(world: World) -> None:
    """The control: with the limit taken away the same day ends in the dead-letter topic."""
    work, error = _all_poison(world, test_controls="dead_letter_limit")
    assert error is None
    assert len(work.dead()) == 150


def test_a_dead_letter_that_cannot_be_written_stops_the_worker(world: World) -> None:
    """Scenario 53: the batch is aborted, its offsets do not move, and after the repair nothing is lost or doubled."""
    work = RulesAtWork(world)
    work.save(history())
    set_topic(work, TopicName.DEAD_LETTERS, "max.message.bytes", "1000")
    work.put_all((TopicName.PAYMENTS, KEY, value, None) for value in [good(1), b"\x01" * 5000, good(2)])
    with RulesThread(work.settings) as rules:
        error = rules.until_ended()
    assert isinstance(error, ConfigurationError)
    assert "writeback topics ensure" in str(error)
    committed = sum(work.committed(TopicName.PAYMENTS).values())
    assert committed == len(work.out()) <= 1
    set_topic(work, TopicName.DEAD_LETTERS, "max.message.bytes", "9000000")
    with RulesThread(work.settings):
        work.until_out(3)
    assert len(work.out()) == 3
    assert len(work.dead()) == 1


def test_records_near_the_limit_have_room(world: World) -> None:
    """Law 9: the largest record that a source takes has a dead letter that fits, and the largest payout a plan."""
    work = RulesAtWork(world)
    work.save(history())
    fees = (FeePart(fee_kind="card_processing", amount_minor=1),)
    long = "x" * 62
    items = [item(n, 100, 1, fees=fees, payment_id=long, refund_id=long) for n in range(PAYOUT_ITEMS)]
    largest = encode_event(payout(*items))
    assert 2 * 1024 * 1024 < len(largest) <= PAYOUT_RECORD_BYTES
    over = PAYOUT_RECORD_BYTES + HEADERS_BYTES - 1024
    sent = [
        work.put(TopicName.PAYOUTS, KEY, largest),
        work.put(TopicName.PAYOUTS, KEY, b"\x00\x00\x00\x00" + b"x" * (over - 4)),
        work.put(TopicName.PAYMENTS, KEY, good(1) + bytes(SOURCE_RECORD_BYTES)),
        work.put(TopicName.PAYMENTS, KEY, good(2)),
    ]
    with RulesThread(work.settings):
        out = work.until_out(4)
    dead = {record.value: letter(record) for record in out if record.topic is TopicName.DEAD_LETTERS}
    assert {found.reason for found in dead.values()} == {DeadLetterReason.TOO_LARGE}
    assert set(dead) == {sent[1].value, sent[2].value}
    plans = [decode_writeback(record.value) for record in out if record.topic is TopicName.WRITEBACKS]
    (of_payout,) = [plan for plan in plans if plan.event_type == "PayoutPaid"]
    assert of_payout.original == largest
    assert len(of_payout.decision.effects[0].instruction.lines) == PAYOUT_ITEMS


def test_a_clock_of_the_sender_may_not_decide(world: World) -> None:
    """Law 15: a source topic without LogAppendTime stops the role with what to do."""
    work = RulesAtWork(world)
    set_topic(work, TopicName.PAYMENTS, "message.timestamp.type", "CreateTime")
    with RulesThread(work.settings) as rules:
        until(lambda: work.put(TopicName.PAYMENTS, KEY, good(1)) and rules.error, "the broker has the setting")
        error = rules.until_ended()
    assert isinstance(error, ConfigurationError)
    assert "LogAppendTime" in str(error)
    assert work.out() == []


def test_another_partition_count_refuses_to_start(world: World) -> None:
    """Law 12: growth is a new topic."""
    work = RulesAtWork(world)
    with pytest.raises(ConfigurationError, match="has 3 partitions and not 4"):
        run(world.settings(topic_partitions=4), Stop(), Health())
    assert work.out() == []
