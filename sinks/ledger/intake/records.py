"""Reads what INTAKE consumes: decided records and dead letters, with their place in the topic."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas.codec import Undecodable, decode_writeback
from schemas.topics import TopicName
from schemas.writebacks import Writeback
from streams.kafka.dead_letters import DeadLetter, parse_dead_letter
from streams.kafka.header_values import HeaderError

Headers = Sequence[tuple[str, bytes | str | None]]


class Consumed(msgspec.Struct, frozen=True, kw_only=True):
    """One record as it came from the broker."""

    topic: TopicName
    topic_id: str
    part: int
    off: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Decided(msgspec.Struct, frozen=True):
    """A record of `writebacks.v1`."""

    at: Consumed
    writeback: Writeback


class DeadLettered(msgspec.Struct, frozen=True):
    """A record of the dead-letter topic."""

    at: Consumed
    letter: DeadLetter


class Unreadable(msgspec.Struct, frozen=True):
    """A record that no version of ours wrote: it becomes a dead letter itself, and blocks nobody (law 9)."""

    at: Consumed
    problem: str
    """Class of the error, for the header; never its text."""


Record = Decided | DeadLettered | Unreadable


def read(consumed: Consumed) -> Record:
    """What a record is. Pure; never raises for bytes."""
    try:
        if consumed.topic is TopicName.DEAD_LETTERS:
            return DeadLettered(consumed, parse_dead_letter(consumed.headers))
        return Decided(consumed, decode_writeback(consumed.value))
    except (Undecodable, HeaderError) as error:
        return Unreadable(consumed, type(error).__name__)


def practice_of(record: Record) -> str | None:
    """The practice whose ledger the record is written to; None if that is nobody's."""
    if isinstance(record, Decided):
        return record.writeback.identity.practice_id
    return None
