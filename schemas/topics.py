"""The catalogue of topics: content, writers, readers, retention, size limits (README section 1; laws 5, 9, 12).

One logical name each. The physical name carries the environment's prefix, so that environments share a cluster.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

DAY_MS: Final = 24 * 60 * 60 * 1000

SOURCE_RETENTION_MS: Final = 14 * DAY_MS
"""At least 3 x the longest outage that is tolerated (law 5): 4 days, a long weekend and a day to notice."""

DEAD_LETTER_RETENTION_MS: Final = 30 * DAY_MS
"""Long enough for a practice to act; short, because it may hold surrogates for ever otherwise (H-11)."""

HEARTBEAT_RETENTION_MS: Final = DAY_MS
"""What HEALTH did not read within minutes says nothing about now any more; a day for whoever looks at a bad morning."""

SOURCE_RECORD_BYTES: Final = 256 * 1024
"""Largest value of an event (law 9); above it: TOO_LARGE. A thousand splits fit."""

PAYOUT_RECORD_BYTES: Final = 4 * 1024 * 1024
"""Largest value of a payout (law 9): 20,000 items of about 200 bytes."""

PAYOUT_ITEMS: Final = 20_000
"""More are refused with TOO_MANY_ITEMS (README section 2)."""

HEADERS_BYTES: Final = 64 * 1024
"""Room for key, headers and the batch's frame beside a value (law 9)."""

BATCH_BYTES: Final = 1_048_588
"""What a broker takes by default, and what every client's default batch fits into. It is above SOURCE_RECORD_BYTES on
purpose: the limit of one event is ours (a dead letter with a reason), not the broker's refusal of a whole batch."""

PAYOUT_BATCH_BYTES: Final = PAYOUT_RECORD_BYTES + HEADERS_BYTES
DEAD_LETTER_BATCH_BYTES: Final = PAYOUT_BATCH_BYTES + HEADERS_BYTES
"""Every record that a source accepts has a dead letter that fits (law 9)."""

WRITEBACK_BATCH_BYTES: Final = 2 * PAYOUT_BATCH_BYTES
"""Twice the source: the plan and the original bytes (law 9)."""

LARGEST_BATCH_BYTES: Final = WRITEBACK_BATCH_BYTES
"""What `message.max.bytes` of our producers and `fetch.max.bytes` of our consumers must allow."""

DEFAULT_PARTITIONS: Final = 12
"""For every topic; fixed at the first start. Growth is a new topic, never more partitions (law 12)."""


class TopicName(StrEnum):
    """The logical names."""

    PAYMENTS = "payments.v1"
    MEMBERSHIPS = "memberships.v1"
    PAYOUTS = "payouts.v1"
    PATIENTS = "patients.v1"
    WRITEBACKS = "writebacks.v1"
    REDECISIONS = "writeback-redecisions.v1"
    RESULTS = "writeback-results.v1"
    DEAD_LETTERS = "writeback-dead-letters.v1"
    SETTINGS = "practice-settings.v1"
    HEARTBEATS = "poster-heartbeats.v1"
    HEALTH = "practice-health.v1"
    HEALTH_ATTEMPTS = "health-attempts.v1"
    HEALTH_OUTCOMES = "health-outcomes.v1"
    AUDIT_HEADS = "audit-heads.v1"


class TopicSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One topic of the catalogue. Sizes in bytes, times in milliseconds."""

    name: TopicName
    about: str
    key: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    records: tuple[str, ...] = ()
    """Names of the Avro records that may stand here; empty: the value is another topic's bytes."""
    compacted: bool = False
    retention_ms: int | None = SOURCE_RETENTION_MS
    upstream: bool = False
    """Written by others. So the broker stamps the time (an upstream's clock cannot choose the settings in force,
    law 15) and keeps batches uncompressed: otherwise ten megabytes of zeros pass as a small batch and have no dead
    letter that fits (law 9)."""
    max_value_bytes: int
    max_batch_bytes: int
    """The broker's `max.message.bytes`, which limits a batch as sent."""

    def broker_config(self, in_sync: int) -> dict[str, str]:
        """The settings that the topic must have on the broker, with `min.insync.replicas` = `in_sync`."""
        return {
            "cleanup.policy": "compact" if self.compacted else "delete",
            "retention.ms": "-1" if self.retention_ms is None else str(self.retention_ms),
            "message.timestamp.type": "LogAppendTime" if self.upstream else "CreateTime",
            "compression.type": "uncompressed" if self.upstream else "producer",
            "max.message.bytes": str(self.max_batch_bytes),
            "min.insync.replicas": str(in_sync),
            "unclean.leader.election.enable": "false",
        }


UPSTREAM: Final = ("upstream payment systems",)

_PAYMENT_RECORDS: Final = (
    "PaymentSucceeded",
    "PaymentCorrected",
    "PaymentCleared",
    "PaymentFeeAssessed",
    "PaymentVoided",
    "PaymentReturned",
    "PaymentReinstated",
    "RefundSucceeded",
    "RefundFailed",
    "DisputeOpened",
    "DisputeClosed",
    "PaymentRequestSent",
)

_SPECS: Final = (
    TopicSpec(
        name=TopicName.PAYMENTS,
        about="Payments and what follows them: clearance, fees, refunds, disputes, returns, corrections",
        key="practice_id",
        writers=UPSTREAM,
        readers=("rules",),
        records=_PAYMENT_RECORDS,
        upstream=True,
        max_value_bytes=SOURCE_RECORD_BYTES,
        max_batch_bytes=BATCH_BYTES,
    ),
    TopicSpec(
        name=TopicName.MEMBERSHIPS,
        about="Membership payments and cancellations",
        key="practice_id",
        writers=UPSTREAM,
        readers=("rules",),
        records=("MembershipPaid", "MembershipCancelled"),
        upstream=True,
        max_value_bytes=SOURCE_RECORD_BYTES,
        max_batch_bytes=BATCH_BYTES,
    ),
    TopicSpec(
        name=TopicName.PAYOUTS,
        about="Payouts to the practice's bank with their items, and payouts that failed",
        key="practice_id",
        writers=UPSTREAM,
        readers=("rules",),
        records=("PayoutPaid", "PayoutFailed"),
        upstream=True,
        max_value_bytes=PAYOUT_RECORD_BYTES,
        max_batch_bytes=PAYOUT_BATCH_BYTES,
    ),
    TopicSpec(
        name=TopicName.PATIENTS,
        about="Encrypted identities of patients by surrogate; a tombstone removes one",
        key="practice_id:patient_ref",
        writers=UPSTREAM,
        readers=("intake", "sync"),
        records=("PatientChanged",),
        compacted=True,
        retention_ms=None,
        upstream=True,
        max_value_bytes=SOURCE_RECORD_BYTES,
        max_batch_bytes=BATCH_BYTES,
    ),
    TopicSpec(
        name=TopicName.WRITEBACKS,
        about="One record per source record: its position, identities, decision with the whole plan, original bytes",
        key="practice_id",
        writers=("rules",),
        readers=("intake",),
        records=("Writeback",),
        max_value_bytes=2 * PAYOUT_RECORD_BYTES,
        max_batch_bytes=WRITEBACK_BATCH_BYTES,
    ),
    TopicSpec(
        name=TopicName.REDECISIONS,
        about="Requests to decide a stored event again under newer settings; original bytes, headers",
        key="practice_id",
        writers=("relay",),
        readers=("rules",),
        max_value_bytes=PAYOUT_RECORD_BYTES,
        max_batch_bytes=DEAD_LETTER_BATCH_BYTES,
    ),
    TopicSpec(
        name=TopicName.RESULTS,
        about="Every change of state that an upstream or a practice may care about, and every record that was refused",
        key="practice_id",
        writers=("relay",),
        readers=("health", "upstream payment systems", "intake", "poster", "relay"),
        records=("Result", "RecordRefused", "SenderWarning"),
        max_value_bytes=SOURCE_RECORD_BYTES,
        max_batch_bytes=BATCH_BYTES,
    ),
    TopicSpec(
        name=TopicName.DEAD_LETTERS,
        about="What could not be processed: original key and bytes, one closed reason in the headers",
        key="the original key",
        writers=("rules", "relay"),
        readers=("intake", "notifier", "health"),
        retention_ms=DEAD_LETTER_RETENTION_MS,
        max_value_bytes=PAYOUT_RECORD_BYTES + HEADERS_BYTES,
        max_batch_bytes=DEAD_LETTER_BATCH_BYTES,
    ),
    TopicSpec(
        name=TopicName.SETTINGS,
        about="Each practice's whole history of settings; no tombstones",
        key="practice_id",
        writers=("relay",),
        readers=("rules",),
        records=("SettingsHistory",),
        compacted=True,
        retention_ms=None,
        max_value_bytes=PAYOUT_RECORD_BYTES,
        max_batch_bytes=PAYOUT_BATCH_BYTES,
    ),
    TopicSpec(
        name=TopicName.HEALTH,
        about="State of each practice's targets, repeated while it lasts",
        key="practice_id",
        writers=("health",),
        readers=("notifier",),
        records=("PracticeHealth",),
        compacted=True,
        retention_ms=None,
        max_value_bytes=SOURCE_RECORD_BYTES,
        max_batch_bytes=BATCH_BYTES,
    ),
    TopicSpec(
        name=TopicName.HEARTBEATS,
        about="What posters' attempts at each practice's targets came to, every some seconds where there was work; and "
        "where nothing is reported any more",
        key="practice_id",
        writers=("poster", "relay"),
        readers=("health",),
        records=("Heartbeat", "UpstreamSilence"),
        retention_ms=HEARTBEAT_RETENTION_MS,
        max_value_bytes=SOURCE_RECORD_BYTES,
        max_batch_bytes=BATCH_BYTES,
    ),
    TopicSpec(
        name=TopicName.HEALTH_ATTEMPTS,
        about="HEALTH's own table of attempts as JSON: read again at its start, of no use to others",
        key="practice_id and target",
        writers=("health",),
        readers=("health",),
        compacted=True,
        retention_ms=None,
        max_value_bytes=SOURCE_RECORD_BYTES,
        max_batch_bytes=BATCH_BYTES,
    ),
    TopicSpec(
        name=TopicName.HEALTH_OUTCOMES,
        about="HEALTH's own table of results and dead letters as JSON: read again at its start, of no use to others",
        key="practice_id",
        writers=("health",),
        readers=("health",),
        compacted=True,
        retention_ms=None,
        max_value_bytes=SOURCE_RECORD_BYTES,
        max_batch_bytes=BATCH_BYTES,
    ),
    TopicSpec(
        name=TopicName.AUDIT_HEADS,
        about="The newest entry of each audit trail as JSON: number, hash and time, nothing of what it says",
        key="practice_id; `*` and groups have trails of their own",
        writers=("relay",),
        readers=("audit verify",),
        compacted=True,
        retention_ms=None,
        max_value_bytes=SOURCE_RECORD_BYTES,
        max_batch_bytes=BATCH_BYTES,
    ),
)

CATALOGUE: Final[dict[TopicName, TopicSpec]] = {spec.name: spec for spec in _SPECS}

SOURCES: Final = (TopicName.PAYMENTS, TopicName.MEMBERSHIPS, TopicName.PAYOUTS)
"""What RULES consumes."""

RECEIPTED: Final = (*SOURCES, TopicName.PATIENTS)
"""Every topic whose records have a receipt (law 11). INTAKE itself makes those of patients.v1, and keeps no value."""

STREAM_TOPICS: Final[dict[str, TopicName]] = {
    "payments": TopicName.PAYMENTS,
    "memberships": TopicName.MEMBERSHIPS,
    "payouts": TopicName.PAYOUTS,
    "patients": TopicName.PATIENTS,
}
"""From an event's `stream` to its topic."""


def physical(prefix: str, name: TopicName) -> str:
    """The topic's name on the cluster."""
    return prefix + name


def logical(prefix: str, topic: str) -> TopicName:
    """The catalogue's name of a topic on the cluster. ValueError when it is not one of ours."""
    if not topic.startswith(prefix):
        raise ValueError(f"topic {topic!r} does not begin with the prefix {prefix!r}")
    return TopicName(topic[len(prefix) :])
