"""Turns a source record into the record that INTAKE stores, or into a refusal (laws 2, 7, 9, 15). Pure."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec

from processors.rules.decisions.currency import OtherCurrency
from processors.rules.decisions.decide import decide
from processors.rules.decisions.refusal import Refused
from processors.rules.decisions.waiting import other_currency
from schemas.codec import Undecodable, decode_event
from schemas.events import Event
from schemas.identity import identify
from schemas.plan import Decision
from schemas.practice_settings import SettingsHistory
from schemas.topics import TopicName
from schemas.validation.checks import id_or_none
from schemas.validation.events import Invalid, check_key, validate
from schemas.vocabulary import DeadLetterReason, FieldFault, Stage
from schemas.writebacks import Redecision, SourcePosition, Writeback
from streams.kafka.dead_letters import UNKNOWN_PRACTICE

HistoryOf = Callable[[str], SettingsHistory | None]
"""The newest history known of a practice; None when there is none."""

_TOPICS: Final = {name.value: name for name in TopicName}


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a record is a dead letter, and what is known of it. No data of the event but its ids."""

    position: SourcePosition
    stage: Stage
    reason: DeadLetterReason
    field: str | None
    fault: FieldFault | None = None
    exception_class: str
    practice_id: str
    event_id: str | None = None
    source: str | None = None
    trace_id: str | None = None


def decide_record(
    position: SourcePosition, key: bytes | None, value: bytes | None, history_of: HistoryOf
) -> Writeback | Refusal:
    """1. decode. 2. validate, with the broker's append time. 3. key. 4. identify. 5. decide.

    Steps 1 to 3 and 5 may refuse: a record that breaks the contract never stops its neighbours.
    """
    try:
        event = decode_event(_TOPICS[position.topic], value)
    except Undecodable as error:
        return unreadable(position, practice_named(key, history_of), error)
    try:
        validate(event, position.appended_at)
        check_key(event, key)
        decision = decide(event, position.appended_at, history_of(event.practice_id))
    except (Invalid, Refused) as error:
        return _refused(position, practice_named(key, history_of, event), event, error)
    return _writeback(position, key or b"", value or b"", event, decision, redecision=False)


def redecide_record(request: Redecision, history_of: HistoryOf) -> Writeback | Refusal:
    """A stored event under the newest settings known; never waits for the version asked for (law 15).

    It was valid when it was stored, so what can refuse it now is its practice's currency: it then waits for a person,
    since a dead letter would leave the request open for ever.
    """
    position = request.position
    try:
        event = decode_event(_TOPICS[position.topic], request.original)
        validate(event, position.appended_at)
    except Undecodable as error:
        return unreadable(position, practice_named(request.original_key, history_of), error)
    except Invalid as error:
        return _refused(position, practice_named(request.original_key, history_of, event), event, error)
    try:
        decision = decide(event, position.appended_at, history_of(event.practice_id))
    except OtherCurrency as error:
        decision = other_currency(error.version)
    except Refused as error:
        return _refused(position, practice_named(request.original_key, history_of, event), event, error)
    return _writeback(position, request.original_key, request.original, event, decision, redecision=True)


def practice_named(key: bytes | None, history_of: HistoryOf, event: Event | None = None) -> str:
    """The practice of a bad record: the one that its body names, else the one that its key names, if anybody has added
    it (law 11). Anything else that stands there is no practice: it may be whatever its sender likes, a patient's name
    too, and each would be a cause of its own.
    """
    claims = [] if event is None else [event.practice_id]
    with suppress(UnicodeDecodeError):
        claims.append((key or b"").decode("ascii"))
    for claim in claims:
        if id_or_none(claim) is not None and history_of(claim) is not None:
            return claim
    return UNKNOWN_PRACTICE


def _writeback(
    position: SourcePosition, key: bytes, value: bytes, event: Event, decision: Decision, *, redecision: bool
) -> Writeback:
    return Writeback(
        position=position,
        identity=identify(event),
        event_type=type(event).__name__,
        occurred_at=event.occurred_at,
        produced_at=event.produced_at,
        trace_id=event.trace_id,
        decision=decision,
        original_key=key,
        original=value,
        redecision=redecision,
    )


def unreadable(position: SourcePosition, practice_id: str, error: Undecodable) -> Refusal:
    """The refusal of bytes that are no record of the contract."""
    return Refusal(
        position=position,
        stage=Stage.DECODE,
        reason=error.reason,
        field=error.field,
        fault=error.fault,
        exception_class=type(error).__name__,
        practice_id=practice_id,
    )


def _refused(position: SourcePosition, practice_id: str, event: Event, error: Invalid | Refused) -> Refusal:
    """Ids of an event that breaks the contract are named only where they are ids themselves."""
    return Refusal(
        position=position,
        stage=Stage.RULES,
        reason=error.reason,
        field=error.field,
        fault=error.fault,
        exception_class=type(error).__name__,
        practice_id=practice_id,
        event_id=id_or_none(event.event_id),
        source=id_or_none(event.source),
        trace_id=id_or_none(event.trace_id),
    )
