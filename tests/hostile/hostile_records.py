"""Records that nobody should send: by kind, drawn from a seed, for one practice or under its name."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from random import Random

import msgspec
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from schemas.codec import encode_event
from schemas.events import Split
from schemas.topics import LARGEST_BATCH_BYTES, TopicName, physical
from tests.scenarios.example_events import payment, payout
from tests.scenarios.waiting import WITHIN_S
from tests.worlds import World

DECIDED = (TopicName.PAYMENTS, TopicName.MEMBERSHIPS, TopicName.PAYOUTS)
SOURCES = (*DECIDED, TopicName.PATIENTS)
OURS = (TopicName.WRITEBACKS, TopicName.DEAD_LETTERS, TopicName.REDECISIONS, TopicName.SETTINGS)
MOST_INT = 2**63 - 1


class Hostile(msgspec.Struct, frozen=True):
    """One record as it is put on a topic."""

    topic: TopicName
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


def hostile_records(practice: str, seed: int) -> Iterator[Hostile]:
    """Without end, each kind in turn; the same seed gives the same kinds, ids apart. Large ones are rare: what is to be
    shown is that they block nobody, not how many of them a machine can store."""
    chance = Random(seed)
    for kind in itertools.cycle((_bytes, _events, _keys, _headers, _of_our_own) * 5 + (_large,)):
        yield kind(practice, chance)


def _bytes(practice: str, chance: Random) -> Hostile:
    """No event at all, and events that were cut, lengthened or changed in places."""
    whole = bytearray(encode_event(payment(practice)))
    torn = bytes(whole[: chance.randrange(len(whole))])
    changed = whole.copy()
    for _ in range(3):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    values = (None, b"", b"\x00", chance.randbytes(300), torn, bytes(changed), bytes(whole) + b"\x00", b"\xff" * 5_000)
    return Hostile(chance.choice(SOURCES), practice.encode(), chance.choice(values))


def _events(practice: str, chance: Random) -> Hostile:
    """Well-formed events with values that nobody has."""
    long_id = "".join(chance.choices("0123456789abcdef", k=4_200))
    changes: tuple[dict[str, object], ...] = (
        {"event_id": long_id},
        {"payment_id": "pay\x00-1"},
        {"payment_id": "pay\u202e\x1b[2J-1"},
        {"patient_ref": "pt\n-1" * 50},
        {"source": "x" * 3_000},
        {"gross_minor": MOST_INT, "fee_minor": 0, "net_minor": MOST_INT},
        {"gross_minor": -MOST_INT, "fee_minor": 0, "net_minor": -MOST_INT},
        {"fee_minor": MOST_INT},
        {"currency": "\u20ac\u20ac\u20ac"},
        {"occurred_at": datetime(9999, 12, 31, tzinfo=UTC)},
        {"occurred_at": datetime(1, 1, 1, tzinfo=UTC)},
        {"trace_id": "../" * 2_000},
        {"practice_id": "another-practice"},
        {"practice_id": "\u00fc" * 400},
    )
    event = msgspec.structs.replace(payment(practice), **chance.choice(changes))
    return Hostile(TopicName.PAYMENTS, practice.encode(), encode_event(event))


def _keys(practice: str, chance: Random) -> Hostile:
    """Keys that are nobody's, or somebody else's."""
    keys = (None, b"", b"\xff\xfe", b"?", b"*", b"a" * 10_000, f"{practice}\x00".encode(), chance.randbytes(40))
    return Hostile(chance.choice(SOURCES), chance.choice(keys), encode_event(payment(practice)))


def _headers(practice: str, chance: Random) -> Hostile:
    """Headers of our own with junk in them, too many, and without a value."""
    junk = (b"", None, b"9" * 400, b"-1", b"\xed\xa0\x80", b"NaN", b"\x00", chance.randbytes(2_000))
    names = ("dl-stage", "dl-offset", "dl-partition", "dl-reason", "dl-redrive-count", "dl-practice-id", "x" * 200)
    headers = [(chance.choice(names), chance.choice(junk)) for _ in range(chance.randrange(1, 40))]
    topic = chance.choice((TopicName.PAYMENTS, TopicName.DEAD_LETTERS, TopicName.REDECISIONS))
    return Hostile(topic, practice.encode(), encode_event(payment(practice, net_minor=1)), headers)


def _of_our_own(practice: str, chance: Random) -> Hostile:
    """On topics that only our roles write."""
    values = (
        b"",
        b"{}",
        b"\x00" * 50,
        b'{"versions": [' + b"[" * 2_000,
        chance.randbytes(500),
        encode_event(payment(practice)),
    )
    return Hostile(chance.choice(OURS), practice.encode(), chance.choice(values))


def _large(practice: str, chance: Random) -> Hostile:
    """As much as one record may hold: many patients' shares, many items of a payout."""
    count = chance.choice((300, 1_000))
    if chance.random() < 0.5:
        event = payout(practice, ((100, 1),) * count)
        return Hostile(TopicName.PAYOUTS, practice.encode(), encode_event(event))
    splits = tuple(Split(patient_ref=f"pt-{number}", amount_minor=1) for number in range(count))
    shared = payment(practice, gross=count, fee=0, splits=splits)
    return Hostile(TopicName.PAYMENTS, practice.encode(), encode_event(shared))


class HostileProducer:
    """Puts such records on the topics, counted."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._producer = Producer(
            {
                "bootstrap.servers": world.bootstrap,
                "partitioner": "murmur2_random",
                "message.max.bytes": LARGEST_BATCH_BYTES,
            }
        )
        self.decided = 0
        """Records that the broker took on topics that RULES reads: each owes a receipt."""

    def put(self, records: Iterator[Hostile], count: int) -> None:
        """The next so many; blocks until the broker has them."""
        for record in itertools.islice(records, count):
            self._producer.produce(
                physical(self._world.prefix, record.topic),
                record.value,
                record.key,
                headers=list(record.headers) or None,
                on_delivery=self._report(record.topic),
            )
        self._producer.flush(WITHIN_S)

    def _report(self, topic: TopicName) -> Callable[[KafkaError | None, Message], None]:
        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is None:
                self.decided += topic in DECIDED
            elif error.code() != KafkaError.INVALID_RECORD:  # a compacted topic takes none without a key
                raise KafkaException(error)

        return delivered
