"""Reads what INTAKE consumes: decided records and dead letters, with their place in the topic."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from schemas.codec import Undecodable, decode_event, decode_writeback
from schemas.topics import TopicName
from schemas.validation.checks import check_id, check_practice_id
from schemas.validation.events import Invalid, check_key, validate
from schemas.vocabulary import DeadLetterReason, FieldFault
from schemas.wire import fixed_schema_ids, schema_id_of
from schemas.writebacks import Writeback
from streams.fault_injection import Control, disabled
from streams.kafka.dead_letters import UNKNOWN_PRACTICE, DeadLetter, parse_dead_letter
from streams.kafka.header_values import HeaderError
from streams.runtime.errors import ConfigurationError

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


class PatientRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record of `patients.v1`: who it is about, and why it is refused. Its value is read and never kept (H-8)."""

    at: Consumed
    practice_id: str
    """As the record names it; whether that is a practice, the ledger knows."""
    source: str | None = None
    event_id: str | None = None
    reason: DeadLetterReason | None = None
    field: str | None = None
    fault: FieldFault | None = None
    problem: str | None = None
    """Class of the error."""


Record = Decided | DeadLettered | PatientRecord | Unreadable


def read(consumed: Consumed) -> Record:
    """What a record is. Pure; raises for no bytes but those of a later release's RULES (ConfigurationError)."""
    try:
        if consumed.topic is TopicName.PATIENTS:
            return read_patient(consumed)
        if consumed.topic is TopicName.DEAD_LETTERS:
            return DeadLettered(consumed, parse_dead_letter(consumed.headers))
        return Decided(consumed, decode_writeback(consumed.value))
    except (Undecodable, HeaderError) as error:
        _refuse_later(consumed, error)
        return Unreadable(consumed, type(error).__name__)


def _refuse_later(consumed: Consumed, error: Undecodable | HeaderError) -> None:
    """A decision of a later release is no bad record: it is posted by the INTAKE of that release, which reads it from
    the same place."""
    if not isinstance(error, Undecodable) or error.reason is not DeadLetterReason.UNKNOWN_SCHEMA:
        return
    later = consumed.topic is TopicName.WRITEBACKS and fixed_schema_ids().is_later(schema_id_of(consumed.value))
    if later and not disabled(Control.LATER_RELEASE):
        raise ConfigurationError(
            "RULES of a later release has decided what this INTAKE cannot read: replace INTAKE by that release. It "
            "goes on with the same record; in an upgrade INTAKE is replaced before RULES"
        )


def read_patient(consumed: Consumed) -> PatientRecord:
    """A patient's record, checked as RULES checks the others. A tombstone removes an identity, and is one too."""
    named = _practice_in(consumed.key)
    if consumed.value is None:
        if named is None:
            return PatientRecord(
                at=consumed,
                practice_id=UNKNOWN_PRACTICE,
                reason=DeadLetterReason.KEY_MISMATCH,
                field="practice_id",
                fault=FieldFault.ANOTHER_KEY,
                problem="NoKey",
            )
        return PatientRecord(at=consumed, practice_id=named)
    try:
        event = decode_event(TopicName.PATIENTS, consumed.value)
    except Undecodable as error:
        return _refused_patient(consumed, named or UNKNOWN_PRACTICE, error)
    try:
        validate(event, datetime.fromtimestamp(consumed.timestamp_ms / 1000, UTC))
        check_key(event, consumed.key)
    except Invalid as error:
        return _refused_patient(consumed, _practice_id(event.practice_id) or named or UNKNOWN_PRACTICE, error)
    return PatientRecord(at=consumed, practice_id=event.practice_id, source=event.source, event_id=event.event_id)


def _refused_patient(at: Consumed, practice_id: str, error: Undecodable | Invalid) -> PatientRecord:
    """Of the practice that its body names, else of the one in its key: whose key it was sent under says less."""
    return PatientRecord(
        at=at,
        practice_id=practice_id,
        reason=error.reason,
        field=error.field,
        fault=error.fault,
        problem=type(error).__name__,
    )


def _practice_in(key: bytes | None) -> str | None:
    """The practice before the colon of a key; None where that can be none."""
    practice, colon, patient = (key or b"").decode("ascii", "replace").partition(":")
    try:
        check_id("key", patient)
    except Invalid:
        return None
    return _practice_id(practice) if colon else None


def _practice_id(text: str) -> str | None:
    try:
        check_practice_id("practice_id", text)
    except Invalid:
        return None
    return text


def practice_of(record: Record) -> str | None:
    """The practice whose ledger the record is written to; None if that is nobody's."""
    if isinstance(record, Decided):
        return record.writeback.identity.practice_id
    return None
