"""Bounds and words of the contract that no schema language says, as extensions (`x-…`) of the document."""

from __future__ import annotations

from typing import Any, Final

from schemas.bookkeeping.money import MINOR_LIMIT
from schemas.events.envelope import OUR_SOURCE
from schemas.partitioning import partition_of
from schemas.topics import DEFAULT_PARTITIONS, PAYOUT_ITEMS, PAYOUT_RECORD_BYTES, SOURCE_RECORD_BYTES
from schemas.validation.field_words import FIELD_WORDS
from schemas.validation.limits import CODE_LENGTH, EARLIEST, ID_LENGTH, LATEST, MOST_PARTS, VERSION_LIMIT
from schemas.validation.refusal_words import REFUSAL_WORDS

ID_PATTERN: Final = f"^[ -~]{{1,{ID_LENGTH}}}$"
PRACTICE_PATTERN: Final = f"^[ -9;-~]{{1,{ID_LENGTH}}}$"
"""An id without a colon."""
PATIENT_KEY_PATTERN: Final = f"^[ -9;-~]{{1,{ID_LENGTH}}}:[ -~]{{1,{ID_LENGTH}}}$"
_KEYS: Final = ("larkspur", "northside", "practice-0000017", "7")


def limits() -> dict[str, Any]:
    """What the validation refuses beyond, by name."""
    return {
        "id": {"pattern": ID_PATTERN, "about": "printable ASCII; opaque, unique per practice"},
        "practice_id": {"pattern": PRACTICE_PATTERN, "about": "an id without ':', which parts it in keys"},
        "source": {"pattern": ID_PATTERN, "about": f"any id but {OUR_SOURCE!r}, which is ours"},
        "code": {"characters": CODE_LENGTH, "about": "reasons, kinds of fee, brands: as an id, shorter"},
        "amountMinor": {"absoluteAtMost": MINOR_LIMIT, "about": "whole minor units; net = gross - fee, always"},
        "version": {"from": 1, "to": VERSION_LIMIT},
        "instant": {"from": EARLIEST.isoformat(), "before": LATEST.isoformat(), "unit": "microseconds since 1970, UTC"},
        "occurred_at": {"aheadOfTheBrokersTimeAtMost": "PT5M"},
        "partsOfAnEvent": MOST_PARTS,
        "itemsOfAPayout": PAYOUT_ITEMS,
        "eventBytes": SOURCE_RECORD_BYTES,
        "payoutBytes": PAYOUT_RECORD_BYTES,
    }


def refusals() -> dict[str, Any]:
    """By reason: what is wrong, and what the sender does, as `RecordRefused` says it."""
    return {
        reason.value: {"problem": words.problem, "senderDoes": words.sender_does}
        for reason, words in REFUSAL_WORDS.items()
    }


def field_faults() -> dict[str, str]:
    """By fault: what is said of the field, after its name."""
    return {fault.value: words for fault, words in FIELD_WORDS.items()}


def partitioner() -> dict[str, Any]:
    """How a key's partition is chosen, with keys to try a client by."""
    return {
        "hash": "murmur2",
        "rule": "(murmur2(key bytes) & 0x7fffffff) mod partitions, as Kafka's Java client",
        "clients": {
            "Java": "the default",
            "librdkafka": "partitioner=murmur2_random (its own default is another hash)",
            "kafkajs": "Partitioners.DefaultPartitioner",
            "franz-go": "kgo.StickyKeyPartitioner(nil), the default",
            "segmentio/kafka-go": "kafka.Murmur2Balancer",
            "sarama": "a partitioner of your own (its own default is another hash)",
        },
        "keys": [
            {"key": key, "partitions": DEFAULT_PARTITIONS, "partition": partition_of(key.encode(), DEFAULT_PARTITIONS)}
            for key in _KEYS
        ],
    }
