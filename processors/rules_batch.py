"""Handles a batch in RULES: decide each record, encode what follows, stop when too many are refused."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, Message

from processors.rules.source_records import Refusal, decide_record, practice_named, redecide_record, unreadable
from processors.rules_counts import BatchCounts
from processors.rules_traces import rules_traces
from schemas.codec import Undecodable, encode_writeback
from schemas.topics import CATALOGUE, SOURCES, TopicName, physical
from schemas.vocabulary import DeadLetterReason, Stage
from schemas.wire import EPOCH
from schemas.writebacks import SourcePosition, Writeback
from streams.fault_injection import Control, disabled
from streams.kafka.dead_letter_limit import DeadLetterLimit, Refused
from streams.kafka.dead_letters import DeadLetter, dead_letter_headers, redrive_count_of
from streams.kafka.header_values import HeaderError
from streams.kafka.redecision_requests import parse_redecision
from streams.kafka.registered_schemas import registered_schemas
from streams.kafka.settings_view import SettingsView
from streams.kafka.topic_identity import TopicGuard
from streams.kafka.transactions import Outgoing, Step
from streams.runtime.clock import Clock
from streams.runtime.errors import ConfigurationError
from streams.settings import ProgramSettings

GROUP: Final = "rules"
CONSUMED: Final = (*SOURCES, TopicName.REDECISIONS)
_WRITEBACK_BYTES: Final = CATALOGUE[TopicName.WRITEBACKS].max_value_bytes
MOST_ENTRIES: Final = 20_000
"""Entries that one transaction's plans hold; the record that goes beyond it is its last (law 9). Ordinary batches, of a
few entries a record, stay below."""
MOST_BYTES: Final = 16 * 1024 * 1024
"""Of what one transaction writes, in the same way: a role has 150 MB."""
_NO_SHIFT: Final = timedelta(0)
_MILLISECOND: Final = timedelta(milliseconds=1)
# Bound once: Python 3.11 takes 0.4 µs to look a member up on its class, and this runs for every payment.
_REDECISIONS: Final = TopicName.REDECISIONS
_NAMES: Final = {name: name.value for name in CONSUMED}


class RulesHandler:
    """Handles batches. Holds the settings, the limit of dead letters and the counts of the last batch."""

    def __init__(self, settings: ProgramSettings, view: SettingsView, guard: TopicGuard, clock: Clock) -> None:
        self._view = view
        self._guard = guard
        self._clock = clock
        self._group = settings.prefixed(GROUP)
        self._logical = {physical(settings.topic_prefix, name): name for name in CONSUMED}
        self._writebacks = physical(settings.topic_prefix, TopicName.WRITEBACKS)
        self._dead_letters = physical(settings.topic_prefix, TopicName.DEAD_LETTERS)
        self._limit = None if disabled(Control.DEAD_LETTER_LIMIT) else DeadLetterLimit.of(settings)
        self._schemas = registered_schemas(settings, GROUP)
        self._counts = BatchCounts()
        self._traces = rules_traces()
        self._verdicts: list[Refused | str] = []
        """Of the batch's records: the source of an accepted one."""

    def decide(self, batch: Sequence[Message]) -> Step:
        """One outgoing record per record taken, a write-back or a dead letter, in the batch's order."""
        self._view.follow()
        self._counts = BatchCounts()
        self._verdicts.clear()
        if self._traces is not None:
            self._traces.begin()
        shift = self._rehearsal_shift()
        outgoing: list[Outgoing] = []
        entries = size = 0
        for message in batch:
            decided = self._decide_message(message, shift)
            record = self._outgoing(message, decided)
            if self._traces is not None:
                record = self._traces.carried(message, decided, self._logical[message.topic() or ""], record)
            outgoing.append(record)
            entries += len(decided.decision.effects) if isinstance(decided, Writeback) else 0
            size += len(record.value or b"")
            if (entries >= MOST_ENTRIES or size >= MOST_BYTES) and not disabled(Control.BOUNDED_STEPS):
                break
        if self._limit is not None:
            self._limit.admit(self._verdicts, time.monotonic())
        return Step(outgoing, len(outgoing))

    def committed(self) -> None:
        self._counts.publish()
        if self._traces is not None:
            self._traces.committed()
        if self._limit is not None:
            self._limit.committed()

    def _decide_message(self, message: Message, shift: timedelta) -> Writeback | Refusal:
        name = self._logical[message.topic() or ""]
        key, value = _bytes(message.key()), _bytes(message.value())
        position = self._position(message, name, shift)
        if name is not _REDECISIONS:
            return self._decide_source(position, name, key, value)
        try:
            request = parse_redecision(key, value, message.headers())
        except HeaderError as error:
            return Refusal(
                position=position,
                stage=Stage.DECODE,
                reason=DeadLetterReason.UNDECODABLE,
                field=None,
                exception_class=type(error).__name__,
                practice_id=practice_named(key, self._view.history),
            )
        return redecide_record(request, self._view.history)

    def _decide_source(
        self, position: SourcePosition, name: TopicName, key: bytes | None, value: bytes | None
    ) -> Writeback | Refusal:
        """Where a registry gave the ids, the value is brought under ours first: the ledger knows no other."""
        if self._schemas is not None:
            try:
                value = self._schemas.released(name, value)
            except Undecodable as error:
                return unreadable(position, practice_named(key, self._view.history), error)
        return decide_record(position, key, value, self._view.history)

    def _outgoing(self, message: Message, result: Writeback | Refusal) -> Outgoing:
        """Re-keyed by practice (law 12); a dead letter keeps key, bytes and partition number of its source."""
        if isinstance(result, Writeback):
            value = encode_writeback(result)
            if len(value) <= _WRITEBACK_BYTES:
                self._counts.decided(result)
                self._verdicts.append(result.identity.source)
                return Outgoing(self._writebacks, result.identity.practice_id.encode(), value)
            result = _too_large(result)
        self._counts.refused(result)
        # A key that names nobody we know is no evidence of a further practice.
        known = result.practice_id if self._view.knows(result.practice_id) else None
        self._verdicts.append(Refused(known, result.source))
        now = self._clock.now()
        letter = DeadLetter(
            position=result.position,
            consumer_group=self._group,
            stage=result.stage,
            reason=result.reason,
            practice_id=_practice_of(result, _bytes(message.key())),
            first_failed_at=now,
            last_failed_at=now,
            field=result.field,
            fault=result.fault,
            exception_class=result.exception_class,
            event_id=result.event_id,
            source=result.source,
            trace_id=result.trace_id,
            redrive_count=redrive_count_of(message.headers()),
        )
        return Outgoing(
            self._dead_letters,
            _bytes(message.key()),
            _bytes(message.value()),
            dead_letter_headers(letter),
            message.partition() or 0,
        )

    def _position(self, message: Message, name: TopicName, shift: timedelta) -> SourcePosition:
        """Where the record stands. `appended_at` is the broker's time: a sender's clock may not pick the settings in
        force (law 15), so a source topic without LogAppendTime stops the role."""
        topic = message.topic() or ""
        kind, millis = message.timestamp()
        if kind != TIMESTAMP_LOG_APPEND_TIME and name is not _REDECISIONS:
            raise ConfigurationError(
                f"topic {topic} does not have message.timestamp.type=LogAppendTime: "
                "`writeback topics ensure` says what to change"
            )
        return SourcePosition(
            topic=_NAMES[name],
            topic_id=self._guard.id_of(topic),
            partition=message.partition() or 0,
            offset=message.offset() or 0,
            appended_at=EPOCH + millis * _MILLISECOND + shift,
        )

    def _rehearsal_shift(self) -> timedelta:
        """From the broker's time to business time: none in production (PROTOCOL section 5, two clocks)."""
        if self._clock.for_database() is None:
            return _NO_SHIFT
        return self._clock.now() - datetime.now(UTC)


def _too_large(result: Writeback) -> Refusal:
    """The plan does not fit a record (law 9): a dead letter with its ids."""
    return Refusal(
        position=result.position,
        stage=Stage.RULES,
        reason=DeadLetterReason.TOO_LARGE,
        field=None,
        exception_class="TooLarge",
        practice_id=result.identity.practice_id,
        event_id=result.identity.event_id,
        source=result.identity.source,
        trace_id=result.trace_id,
    )


def _bytes(value: bytes | str | None) -> bytes | None:
    """The client decodes nothing, although its types allow text."""
    return value.encode("utf-8") if isinstance(value, str) else value


def _practice_of(result: Refusal, key: bytes | None) -> str:
    """What the rules found; a test's control believes the key, whatever stands there."""
    return (key or b"").decode("ascii", "replace") if disabled(Control.UNKNOWN_KEYS) else result.practice_id
