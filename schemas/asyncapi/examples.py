"""An example of every message: key, headers, values and bytes, of one made-up payment and what became of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from types import MappingProxyType
from typing import Any, Final

import fastavro
import msgspec

from schemas import wire
from schemas.codec import (
    cloud_event_headers,
    encode_event,
    encode_refusal,
    encode_result,
    encode_settings,
    encode_warning,
    encode_writeback,
)
from schemas.events import EVENT_TYPES, PaymentSucceeded
from schemas.health_codec import encode_heartbeat, encode_practice_health, encode_silence
from schemas.heartbeats import AnswerCount, Heartbeat, LatencyCount
from schemas.identity import identify
from schemas.partitioning import partition_of
from schemas.plan import Decision
from schemas.practice_health import PracticeHealth, TargetHealth
from schemas.practice_settings import PracticeSettings, SettingsHistory, SettingsVersion
from schemas.refusals import RecordRefused
from schemas.sample_events import Sample, sample_events
from schemas.sender_warnings import SenderWarning
from schemas.silence import UpstreamSilence
from schemas.topics import DEFAULT_PARTITIONS
from schemas.validation.events import key_of
from schemas.validation.refusal_words import REFUSAL_WORDS, WARNING_WORDS, problem_words
from schemas.vocabulary import (
    AnswerClass,
    DeadLetterReason,
    DecisionReason,
    EntryKind,
    FieldFault,
    HealthState,
    SenderFault,
    Stage,
    State,
    Target,
)
from schemas.writebacks import AuditHead, Result, SourcePosition, Writeback

AT: Final = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
PRACTICE: Final = "larkspur"
IDENTITY: Final = (
    "eyJhbGciOiJFQ0RILUVTK0EyNTZLVyIsImVuYyI6IkEyNTZHQ00iLCJraWQiOiJjVkNqMU9WUFlzMDJxQXpCdTZjVzE0blN3X0ZSWnFNY2c0SE"
    "lRR1NZUmZRIiwiZXBrIjp7Imt0eSI6IkVDIiwiY3J2IjoiUC0yNTYiLCJ4IjoiRXZ6aHRXVzVtbW9tZFdHVGlBRl9DcHh0a2E0YXRoUlVXMGNT"
    "eC1uSnUyMCIsInkiOiJUclQtdVgybDFRVVppbVBteHNkcjZfNFFVbUdpUm9PN0htaTFWdUpZT2tvIn19.xjMc4MnEb4wHe179W7wz9aOe44E5y"
    "Z18fvCn6f7oKNoNzxcH7uqAjg.rkIEvz62jAt2HNeB.z35BKJkLOduXBf8SvRSFg08xHWeS6toji0q7hg0_P3cswxNzWy_L_01TlK1HDvVGqYe"
    "MXkNn0xI-lt3iFwClqVdSaCitcA.VLZWkORaNQMTP6zpp2Criw"
)
"""Of a made-up patient, encrypted to the key of the secret `1` x 32."""
SAMPLE: Final = Sample(practice_id=PRACTICE, tag="1", at=AT, identity=IDENTITY)
_POSITION: Final = SourcePosition(
    topic="payments.v1", topic_id="u1ZbPqkgR5m2hQnqY0s1rw", partition=3, offset=1041, appended_at=AT
)
_RESULT_ID: Final = "0b0c7d0e-3f3b-4c5e-9b0e-5f0f6d0f8a11"


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One message as it stands on its topic."""

    name: str
    key: str
    value: bytes
    headers: Mapping[str, str] = MappingProxyType({})
    payload: Any = None
    """What the value says, by the names of its schema; None for another topic's bytes."""


def example_of(name: str) -> Example:
    """The example of a message. KeyError for one that has none: each needs a line here."""
    return _EXAMPLES[name]()


def _event(kind: type[Any]) -> Example:
    event = sample_events(kind, SAMPLE)[-1]
    return Example(
        name=kind.__name__,
        key=key_of(event).decode(),
        value=encode_event(event),
        headers={name: value.decode() for name, value in cloud_event_headers(event)},
        payload=_plain(kind.__name__, encode_event(event)),
    )


def _plain(record: str, value: bytes) -> Any:
    """What any Avro reader of the schema gets, instants and dates left as numbers."""
    body = BytesIO(value[wire.HEADER_BYTES :])
    read = fastavro.schemaless_reader(body, wire.current_plain(record), None)
    return msgspec.to_builtins(read)


def _avro(name: str, value: bytes) -> Example:
    return Example(name=name, key=PRACTICE, value=value, payload=_plain(name, value))


def _payment() -> PaymentSucceeded:
    (event,) = sample_events(PaymentSucceeded, SAMPLE)
    if not isinstance(event, PaymentSucceeded):
        raise TypeError(type(event).__name__)
    return event


def _writeback() -> Example:
    event = _payment()
    made = Writeback(
        position=_POSITION,
        identity=identify(event),
        event_type=type(event).__name__,
        occurred_at=event.occurred_at,
        produced_at=event.produced_at,
        trace_id=None,
        decision=Decision(settings_version=None, waiting=State.AWAITING_SETTINGS, reason=DecisionReason.NO_SETTINGS),
        original_key=key_of(event),
        original=encode_event(event),
    )
    return _avro("Writeback", encode_writeback(made))


def _result() -> Example:
    event = _payment()
    made = Result(
        result_id=_RESULT_ID,
        practice_id=PRACTICE,
        source=event.source,
        event_id=event.event_id,
        subject=event.payment_id,
        target=Target.PMS,
        entry_kind=EntryKind.PAYMENT,
        part="",
        state=State.POSTED,
        reason=DecisionReason.AUTO_INSTANT,
        settings_version=1,
        amount_minor=event.net_minor,
        currency=event.currency,
        external_id="4711",
        posted_at=AT + timedelta(seconds=2),
        attempt=1,
        changed_at=AT + timedelta(seconds=2),
    )
    return _avro("Result", encode_result(made))


def _refusal() -> Example:
    reason, field, fault = DeadLetterReason.INVALID_FIELD, "currency", FieldFault.NOT_A_CURRENCY_CODE
    made = RecordRefused(
        result_id=_RESULT_ID,
        practice_id=PRACTICE,
        topic=_POSITION.topic,
        partition=_POSITION.partition,
        offset=_POSITION.offset,
        source=_payment().source,
        event_id=_payment().event_id,
        stage=Stage.RULES,
        reason=reason,
        field=field,
        fault=fault,
        problem=problem_words(reason, field, fault),
        sender_does=REFUSAL_WORDS[reason].sender_does,
        refused_at=AT,
    )
    return _avro("RecordRefused", encode_refusal(made))


def _warning() -> Example:
    event, fault = _payment(), SenderFault.OTHER_PARTITIONER
    made = SenderWarning(
        result_id=_RESULT_ID,
        practice_id=PRACTICE,
        source=event.source,
        event_id=event.event_id,
        topic=_POSITION.topic,
        partition=_POSITION.partition,
        offset=_POSITION.offset,
        expected_partition=partition_of(PRACTICE.encode(), DEFAULT_PARTITIONS),
        fault=fault,
        problem=WARNING_WORDS[fault].problem,
        sender_does=WARNING_WORDS[fault].sender_does,
        noticed_at=AT,
    )
    return _avro("SenderWarning", encode_warning(made))


def _settings() -> Example:
    version = SettingsVersion(
        version=1,
        effective_from=AT,
        saved_at=AT,
        saved_by="ada",
        reason="goes live",
        settings=PracticeSettings(zone="America/New_York", master=True),
    )
    return _avro("SettingsHistory", encode_settings(SettingsHistory(practice_id=PRACTICE, versions=(version,))))


def _heartbeat() -> Example:
    made = Heartbeat(
        heartbeat_id=_RESULT_ID,
        practice_id=PRACTICE,
        target=Target.PMS,
        began_at=AT,
        ended_at=AT + timedelta(seconds=10),
        answers=(AnswerCount(answer=AnswerClass.ANSWERED, count=3),),
        retries=0,
        latencies=(LatencyCount(up_to_ms=250, count=3),),
        last_answered_at=AT + timedelta(seconds=9),
        last_failed_at=None,
    )
    return _avro("Heartbeat", encode_heartbeat(made))


def _silence() -> Example:
    made = UpstreamSilence(
        practice_id=PRACTICE,
        target=Target.PMS,
        silent_since=AT,
        stated_at=AT + timedelta(hours=1),
        expires_at=AT + timedelta(hours=2),
    )
    return _avro("UpstreamSilence", encode_silence(made))


def _health() -> Example:
    target = TargetHealth(
        target=Target.PMS,
        state=HealthState.HEALTHY,
        since=AT,
        attempts=3,
        failed=0,
        failure=None,
        slow=0,
        retries=0,
        last_answered_at=AT,
        last_failed_at=None,
        posted=3,
        dead=0,
    )
    made = PracticeHealth(
        practice_id=PRACTICE,
        stated_at=AT,
        expires_at=AT + timedelta(minutes=3),
        targets=(target,),
        refused_records=0,
    )
    return _avro("PracticeHealth", encode_practice_health(made))


def _place(prefix: str) -> dict[str, str]:
    return {
        f"{prefix}-original-topic": _POSITION.topic,
        f"{prefix}-original-topic-id": _POSITION.topic_id,
        f"{prefix}-original-partition": str(_POSITION.partition),
        f"{prefix}-original-offset": str(_POSITION.offset),
        f"{prefix}-original-timestamp": AT.isoformat(timespec="microseconds"),
    }


def _dead_letter() -> Example:
    headers = _place("dl") | {
        "dl-schema": "1",
        "dl-consumer-group": "rules",
        "dl-stage": Stage.DECODE.value,
        "dl-reason": DeadLetterReason.NOT_WIRE_FORMAT.value,
        "dl-exception-class": "Undecodable",
        "dl-attempts": "1",
        "dl-first-failed-at": AT.isoformat(timespec="microseconds"),
        "dl-last-failed-at": AT.isoformat(timespec="microseconds"),
        "dl-practice-id": PRACTICE,
        "dl-ambiguous": "false",
        "dl-redrive-count": "0",
        "dl-app-version": "1.0.0",
    }
    return Example(name="DeadLetter", key=PRACTICE, value=b'{"payment_id": "pay-1"}', headers=headers)


def _redecision() -> Example:
    headers = _place("rd") | {"rd-schema": "1", "rd-practice-id": PRACTICE, "rd-least-version": "2"}
    return Example(name="Redecision", key=PRACTICE, value=encode_event(_payment()), headers=headers)


def _audit_head() -> Example:
    head = AuditHead(trail=PRACTICE, n=17, digest="9f" * 32, at=AT)
    value = msgspec.json.encode(head)
    headers = {"content-type": "application/json"}
    return Example(name="AuditHead", key=PRACTICE, value=value, headers=headers, payload=msgspec.to_builtins(head))


def _of(kind: type[Any]) -> Callable[[], Example]:
    return lambda: _event(kind)


_EXAMPLES: Final[Mapping[str, Callable[[], Example]]] = MappingProxyType(
    {kind.__name__: _of(kind) for kind in EVENT_TYPES}
    | {
        "Writeback": _writeback,
        "Result": _result,
        "RecordRefused": _refusal,
        "SenderWarning": _warning,
        "SettingsHistory": _settings,
        "Heartbeat": _heartbeat,
        "UpstreamSilence": _silence,
        "PracticeHealth": _health,
        "DeadLetter": _dead_letter,
        "Redecision": _redecision,
        "AuditHead": _audit_head,
    }
)
