"""Reads the low and high watermarks of many partitions at once."""

from __future__ import annotations

from typing import Final

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

ASK_S: Final = 10.0
RETRY_S: Final = 30.0
"""A partition without a leader (just made, or moving) gets one within seconds."""


def lows(admin: AdminClient, topic: str, partitions: range) -> dict[int, int]:
    """The oldest offset of each partition. Blocks up to RETRY_S; raises KafkaException."""
    return _asked(admin, topic, partitions, OffsetSpec.earliest())  # type: ignore[no-untyped-call]


def highs(admin: AdminClient, topic: str, partitions: range) -> dict[int, int]:
    """The end of each partition for readers of committed records (open transactions are behind it)."""
    return _asked(admin, topic, partitions, OffsetSpec.latest())  # type: ignore[no-untyped-call]


def _asked(admin: AdminClient, topic: str, partitions: range, spec: OffsetSpec) -> dict[int, int]:
    for attempt in Retrying(
        retry=retry_if_exception_type(KafkaException),
        stop=stop_after_delay(RETRY_S),
        wait=wait_random_exponential(0.05, max=1.0),
        reraise=True,
    ):
        with attempt:
            if attempt.retry_state.attempt_number > 1:
                # The client remembers leaders: after a restart of the broker it would ask under an old epoch for ever.
                admin.list_topics(topic, timeout=ASK_S)
            asked = admin.list_offsets(
                {TopicPartition(topic, part): spec for part in partitions},
                isolation_level=IsolationLevel.READ_COMMITTED,
                request_timeout=ASK_S,
            )
            return {where.partition: answer.result(timeout=2 * ASK_S).offset for where, answer in asked.items()}
    return {}
