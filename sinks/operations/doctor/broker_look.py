"""Looks at the broker: whether it answers, its topics, and whether its clock is ahead. Reads only."""

from __future__ import annotations

import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from typing import Any, Final

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from schemas.topics import CATALOGUE, physical
from sinks.operations.doctor.facts import ClockAhead, Looked, TopicFaults
from sinks.operations.doctor.finding import Check
from streams.kafka.topics import faults_of_topics
from streams.runtime.errors import WritebackError
from streams.settings import ProgramSettings

ANSWER_S: Final = 4.0
FIXED_S: Final = 5.0
"""For the partition counts that the ledger knows; without them, counts are not judged."""


def look_at_broker(settings: ProgramSettings, looked: Looked, fixed: Future[dict[str, int] | None]) -> None:
    """Everything that the broker says. Blocks for some seconds, longer where it hangs: run it on a thread."""
    try:
        admin = AdminClient(dict(settings.kafka_client()) | {"log_level": 0})
        there = admin.list_topics(timeout=ANSWER_S).topics
    except (KafkaException, WritebackError) as error:
        looked.saw("broker_silent", _why(error))
        return
    _see_clock(admin, settings, there, looked)
    _see_topics(settings, looked, fixed)


def _see_topics(settings: ProgramSettings, looked: Looked, fixed: Future[dict[str, int] | None]) -> None:
    try:
        known = fixed.result(timeout=FIXED_S)
    except TooLate:
        known = None
    try:
        faults = faults_of_topics(settings, known)
    except (KafkaException, WritebackError) as error:
        looked.could_not(Check.TOPICS, _why(error))
        return
    looked.saw("topics", TopicFaults(faults.missing, faults.unsafe))


def _see_clock(admin: AdminClient, settings: ProgramSettings, there: Any, looked: Looked) -> None:
    """The broker stamps upstreams' records itself: a stamp that is yet to come shows a clock that is ahead. One that
    is behind cannot be told from a topic that nobody has written to."""
    stamped = [physical(settings.topic_prefix, spec.name) for spec in CATALOGUE.values() if spec.upstream]
    newest = OffsetSpec.max_timestamp()  # type: ignore[no-untyped-call]
    asked = {
        TopicPartition(topic, part): newest for topic in stamped if topic in there for part in there[topic].partitions
    }
    if not asked:
        return
    ahead = []
    try:
        for answer in admin.list_offsets(asked, request_timeout=ANSWER_S).values():
            found = answer.result(timeout=ANSWER_S)
            if found.timestamp is not None and found.timestamp > 0:
                ahead.append(found.timestamp / 1000 - time.time())
    except (KafkaException, TooLate) as error:
        looked.could_not(Check.CLOCKS, f"the broker: {_why(error)}")
        return
    if ahead and max(ahead) > 0:
        looked.saw("clocks", (ClockAhead("the broker", max(ahead)),))


def _why(error: BaseException) -> str:
    """A code of the client's, or a sentence of our own."""
    if isinstance(error, KafkaException):
        return str(error.args[0].name())
    return str(error) if isinstance(error, WritebackError) else type(error).__name__
