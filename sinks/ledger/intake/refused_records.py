"""Makes dead letters of the records that the ledger does not take (law 9). Pure but for the messages' ids."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Self

import msgspec

from schemas.vocabulary import DeadLetterReason, Stage
from schemas.writebacks import Identity, SourcePosition, Writeback
from sinks.ledger.intake.records import Consumed, PatientRecord, Unreadable
from sinks.ledger.outbox import OutboxMessage, dead_letter_message
from streams.kafka.dead_letters import UNKNOWN_PRACTICE, DeadLetter


class Named(msgspec.Struct, frozen=True):
    """The ids of a record, as far as they can be stored."""

    practice_id: str
    source: str | None
    event_id: str | None

    @classmethod
    def storable(cls, identity: Identity) -> Self:
        """Ids are printable ASCII (schemas/README section 2); what is not, no table and no header takes."""
        source, event_id = (text if _is_id(text) else None for text in (identity.source, identity.event_id))
        return cls(identity.practice_id if _is_id(identity.practice_id) else UNKNOWN_PRACTICE, source, event_id)


def refusal_message(
    writeback: Writeback, reason: DeadLetterReason, group: str, now: datetime, named: Named | None = None
) -> OutboxMessage:
    """A source record that the ledger does not take, as a dead letter of stage intake. Pure but for the message's id.

    `named`: its ids as far as they can be stored, where they are what is wrong.
    """
    identity = writeback.identity
    who = named or Named(identity.practice_id, identity.source, identity.event_id)
    letter = DeadLetter(
        position=writeback.position,
        consumer_group=group,
        stage=Stage.INTAKE,
        reason=reason,
        practice_id=who.practice_id,
        first_failed_at=now,
        last_failed_at=now,
        event_id=who.event_id,
        source=who.source,
    )
    return dead_letter_message(letter, key=writeback.original_key, value=writeback.original)


def unreadable_message(record: Unreadable, group: str, now: datetime) -> OutboxMessage:
    """A record that stands on one of our own topics and is not ours, as a dead letter of stage intake."""
    at = record.at
    letter = DeadLetter(
        position=_position(at),
        consumer_group=group,
        stage=Stage.INTAKE,
        reason=DeadLetterReason.UNDECODABLE,
        practice_id=UNKNOWN_PRACTICE,
        first_failed_at=now,
        last_failed_at=now,
        exception_class=record.problem,
    )
    return dead_letter_message(letter, key=at.key, value=at.value)


def patient_message(record: PatientRecord, group: str, now: datetime) -> OutboxMessage:
    """A record of `patients.v1` that breaks the contract, as a dead letter without its value: an identity may stand in
    it unencrypted. Its sender sends it again, corrected."""
    at = record.at
    letter = DeadLetter(
        position=_position(at),
        consumer_group=group,
        stage=Stage.INTAKE,
        reason=record.reason or DeadLetterReason.UNDECODABLE,
        practice_id=record.practice_id,
        first_failed_at=now,
        last_failed_at=now,
        field=record.field,
        fault=record.fault,
        exception_class=record.problem,
    )
    return dead_letter_message(letter, key=at.key, value=None)


def _position(at: Consumed) -> SourcePosition:
    return SourcePosition(
        topic=at.topic.value,
        topic_id=at.topic_id,
        partition=at.part,
        offset=at.off,
        appended_at=datetime.fromtimestamp(at.timestamp_ms / 1000, UTC),
    )


def _is_id(text: str) -> bool:
    return text.isascii() and text.isprintable() and text != ""
