"""The three agents of HEALTH and its two tables: what each record read does to what is kept.

An agent's body is total: a record that cannot be used is counted and passed over, as losing one does no harm, and its
stream goes on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import faust
import msgspec
from faust.types import EventT, StreamT, TableT

from processors.health.kept import KeptTarget, encode, kept_outcomes, kept_target, target_key
from processors.health.outcome_window import DEAD as DEAD_ENTRIES
from processors.health.outcome_window import POSTED, REFUSED, Place, with_outcome
from processors.health.target_window import is_late, with_heartbeat, with_silence
from schemas.codec import Undecodable, decode_published
from schemas.health_codec import decode_reported
from schemas.silence import UpstreamSilence
from schemas.topics import TopicName, physical
from schemas.vocabulary import DEAD, RECORD_STAGES, State, Target
from schemas.writebacks import Result
from streams.kafka.header_values import HeaderError, as_text
from streams.kafka.registered_schemas import RegisteredSchemas
from streams.runtime.logging import log
from streams.runtime.metrics import HEALTH_LAST_RECORD, HEALTH_RECORDS
from streams.runtime.times import HealthTimes

AHEAD: Final = timedelta(minutes=5)
"""A heartbeat may be so much later than the broker's time of it: more is a clock that is wrong, and would close panes
that are still open."""

UNKNOWN_PRACTICE: Final = "?"
"""Of a record whose key cannot be read."""

_LOG: Final = log(__name__)

_Read = Callable[[EventT[bytes], bytes | None], str]
"""What a record's value, under an id of ours, does to what is kept."""
_ValueOf = Callable[[TopicName, EventT[bytes]], Awaitable[bytes | None]]


class Agents:
    """Declares agents and tables on an app. All of it runs in the app's event loop."""

    def __init__(
        self,
        app: faust.App,
        prefix: str,
        partitions: int,
        times: HealthTimes,
        touched: Callable[[str], None],
        schemas: RegisteredSchemas | None = None,
    ) -> None:
        """`touched` hears of each practice of which something was learned; `schemas` explains a registry's ids."""
        self._schemas = schemas
        self._times = times
        self._touched = touched
        self.attempts = _table(app, prefix, TopicName.HEALTH_ATTEMPTS, partitions)
        self.outcomes = _table(app, prefix, TopicName.HEALTH_OUTCOMES, partitions)
        readers: tuple[tuple[TopicName, _Read], ...] = (
            (TopicName.HEARTBEATS, self._heartbeat),
            (TopicName.RESULTS, self._result),
            (TopicName.DEAD_LETTERS, self._dead_letter),
        )
        for name, read in readers:
            topic = app.topic(
                physical(prefix, name), key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
            )
            app.agent(topic, name=f"{prefix}{name.value}", concurrency=1)(_body(name, read, self._value))

    async def _value(self, name: TopicName, event: EventT[bytes]) -> bytes | None:
        """The value under an id of ours. A question to the registry is waited for beside the event loop."""
        if self._schemas is None or name is not TopicName.RESULTS:
            return event.value
        return await asyncio.to_thread(self._schemas.readable, name, event.value)

    def _heartbeat(self, event: EventT[bytes], value: bytes | None) -> str:
        heartbeat = decode_reported(value)
        if isinstance(heartbeat, UpstreamSilence):
            return self._silence(event, heartbeat)
        if heartbeat.ended_at > _appended_at(event) + AHEAD:
            return "clock_ahead"
        key = target_key(heartbeat.practice_id, heartbeat.target)
        row = kept_target(self.attempts.get(key), event.message.partition)
        if is_late(row.window, heartbeat, self._times):
            return "late"
        window = with_heartbeat(row.window, heartbeat, self._times)
        if window is row.window:
            return "repeated"
        row = msgspec.structs.replace(row, partition=event.message.partition, window=window)
        self.attempts[key] = encode(row)
        self._touched(heartbeat.practice_id)
        return "read"

    def _silence(self, event: EventT[bytes], silence: UpstreamSilence) -> str:
        key = target_key(silence.practice_id, silence.target)
        row = kept_target(self.attempts.get(key), event.message.partition)
        window = with_silence(row.window, silence)
        if window is row.window:
            return "repeated"
        self.attempts[key] = encode(KeptTarget(partition=event.message.partition, window=window))
        self._touched(silence.practice_id)
        return "read"

    def _result(self, event: EventT[bytes], value: bytes | None) -> str:
        result = decode_published(value)
        if not isinstance(result, Result):
            return "read"  # what a sender is told; a refused record is counted by its dead letter
        if result.target is None or not (result.state is State.POSTED or result.state in DEAD):
            return "read"
        what = POSTED if result.state is State.POSTED else DEAD_ENTRIES
        return self._outcome(event, result.practice_id, what, result.target, result.changed_at)

    def _dead_letter(self, event: EventT[bytes], _value: bytes | None) -> str:
        headers = as_text(event.message.headers, "dl-")
        practice_id = headers.get("dl-practice-id", UNKNOWN_PRACTICE)
        if practice_id == UNKNOWN_PRACTICE or headers.get("dl-stage") not in RECORD_STAGES:
            return "read"
        return self._outcome(event, practice_id, REFUSED, None, _appended_at(event))

    def _outcome(self, event: EventT[bytes], practice_id: str, what: str, target: Target | None, at: datetime) -> str:
        message = event.message
        place = Place(
            partition=f"{message.topic}/{message.partition}",
            offset=message.offset,
            at_ms=int(message.timestamp * 1000),
        )
        key = practice_id.encode()
        row = kept_outcomes(self.outcomes.get(key))
        window = with_outcome(row.window, what, target, at, place, self._times)
        if window is row.window:
            return "repeated"
        self.outcomes[key] = encode(msgspec.structs.replace(row, window=window))
        self._touched(practice_id)
        return "read"


def _body(name: TopicName, read: _Read, value_of: _ValueOf) -> Callable[[StreamT[bytes]], Awaitable[None]]:
    async def agent(stream: StreamT[bytes]) -> None:
        async for event in stream.events():
            try:
                outcome = read(event, await value_of(name, event))
            except (Undecodable, HeaderError):
                outcome = "undecodable"
            except Exception as error:  # noqa: BLE001 - whatever one record does, the next one is read
                outcome = "failed"
                _LOG.warning("HEALTH could not use a record", error=type(error).__name__, topic=name.value)
            HEALTH_RECORDS.labels(name.value, outcome).inc()
            HEALTH_LAST_RECORD.set(time.time())

    return agent


def _table(app: faust.App, prefix: str, name: TopicName, partitions: int) -> TableT[bytes, bytes]:
    topic = physical(prefix, name)
    changelog = app.topic(
        topic,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        partitions=partitions,
        compacting=True,
        acks=False,
        internal=True,
        maxsize=131_072,
        allow_empty=True,
    )
    return app.Table(topic, key_type=bytes, value_type=bytes, partitions=partitions, changelog_topic=changelog)


def _appended_at(event: EventT[bytes]) -> datetime:
    return datetime.fromtimestamp(event.message.timestamp, UTC)
