"""Values under a registry's ids, brought under ids of ours: asked once, kept, and never waited for long.

The registry knows best: an id that it has means its schema, whatever we released under the same number. An id that it
does not have and that we released is ours, as of records from before there was a registry. Any other is refused with
UNKNOWN_SCHEMA, and so is a new one while the registry is away: its record is a dead letter that can be redriven.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Final, NamedTuple

from schemas.codec import Undecodable
from schemas.registered import NotOursError, Registered, accepted, is_released, under_released_id
from schemas.topics import CATALOGUE, TopicName
from schemas.vocabulary import DeadLetterReason
from schemas.wire import HEADER_BYTES, header, schema_id_of
from streams.kafka.schema_file import SchemaFile
from streams.kafka.schema_registry import RegistryUnavailable, SchemaRegistry, registry_of
from streams.runtime.logging import log
from streams.runtime.metrics import SCHEMA_LOOKUPS
from streams.settings import ProgramSettings

WAIT_S: Final = 10.0
"""How long questions may take together, however many records ask: all others wait behind them."""
REFILL_S: Final = 60.0
"""What was spent comes back evenly over this time, so that a registry that answers again is asked again soon."""
PAUSE_S: Final = 0.5
"""Between two tries while the registry does not answer."""
MISSED_S: Final = 30.0
"""How long an id stays unknown before the registry is asked again: it may have been registered meanwhile."""
MOST_KEPT: Final = 1_000
NOBODYS: Final = 0
"""A registry counts from 1, and we from 1001."""
MOST_MISSED: Final = 10_000

_LOG: Final = log(__name__)


class Miss(Enum):
    """Why an id leads to no schema of ours."""

    ABSENT = "absent"
    """The registry does not have it."""
    FOREIGN = "foreign"
    """It stands for a schema that no record of the contract is read by."""
    UNANSWERED = "unanswered"


class UnansweredSchema(Undecodable):
    """The registry did not answer, and never has for this id: it may be explained later."""


class _Missed(NamedTuple):
    miss: Miss
    at: float


class RegisteredSchemas:
    """What one process knows of its registry. Used by one thread at a time; `released` blocks for WAIT_S at most."""

    def __init__(
        self,
        registry: SchemaRegistry,
        file: SchemaFile | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        """`file` keeps what was learned over a restart: ids of a registry never change their meaning."""
        self._registry = registry
        self._file = file
        self._monotonic = monotonic
        self._sleep = sleep or threading.Event().wait
        self._known: dict[int, Registered] = {}
        self._missed: OrderedDict[int, _Missed] = OrderedDict()
        self._spent_s = 0.0
        self._since = monotonic()
        for schema_id, text in (file.read() if file is not None else {}).items():
            self._accept(schema_id, text)

    def released(self, topic: TopicName, value: bytes | None) -> bytes | None:
        """The value under an id of ours. What is no value of the wire format, or too large, stays as it is: whoever
        decodes it says so. Undecodable UNKNOWN_SCHEMA for an id that nobody could explain."""
        if value is None or len(value) > CATALOGUE[topic].max_value_bytes:
            return value
        try:
            schema_id = schema_id_of(value)
        except Undecodable:
            return value
        known = self._known.get(schema_id) or self._looked_up(schema_id)
        return value if known is None else under_released_id(value, known)

    def readable(self, topic: TopicName, value: bytes | None) -> bytes | None:
        """`released` for who decodes elsewhere: what nobody could explain comes under an id that nobody has."""
        try:
            return self.released(topic, value)
        except Undecodable:
            return None if value is None else header(NOBODYS) + value[HEADER_BYTES:]

    def _looked_up(self, schema_id: int) -> Registered | None:
        """None: the registry does not have it, and it is ours. Undecodable otherwise."""
        last = self._missed.get(schema_id)
        if last is None or self._monotonic() - last.at >= MISSED_S:
            found = self._asked(schema_id)
            if isinstance(found, Registered):
                return found
            if found is not Miss.UNANSWERED:
                last = self._remember(schema_id, found)
        if last is None:
            SCHEMA_LOOKUPS.labels("unanswered").inc()
            raise UnansweredSchema(
                DeadLetterReason.UNKNOWN_SCHEMA, None, f"schema id {schema_id}: the schema registry did not answer"
            )
        if last.miss is Miss.ABSENT and is_released(schema_id):
            return None
        SCHEMA_LOOKUPS.labels("unknown").inc()
        raise _unknown(schema_id, "the schema registry has none of ours")

    def _asked(self, schema_id: int) -> Registered | Miss:
        """Tries until the time is spent."""
        while self._left_s() > 0:
            began = self._monotonic()
            try:
                text = self._registry.schema(schema_id)
            except RegistryUnavailable as error:
                self._sleep(min(PAUSE_S, self._left_s()))
                self._spent_s += self._monotonic() - began
                if self._left_s() <= 0:
                    _LOG.failure("records of unknown schemas are refused: the schema registry is away", error)
                continue
            self._spent_s += self._monotonic() - began
            if text is None:
                return Miss.ABSENT
            found = self._accept(schema_id, text)
            if found is None:
                return Miss.FOREIGN
            if self._file is not None:
                self._file.keep(schema_id, text)
            return found
        return Miss.UNANSWERED

    def _left_s(self) -> float:
        now = self._monotonic()
        self._spent_s = max(0.0, self._spent_s - (now - self._since) * WAIT_S / REFILL_S)
        self._since = now
        return WAIT_S - self._spent_s

    def _accept(self, schema_id: int, text: str) -> Registered | None:
        try:
            found = accepted(schema_id, text)
        except NotOursError as error:
            SCHEMA_LOOKUPS.labels("refused").inc()
            _LOG.warning("a registered schema is not used", code=str(schema_id), reason=str(error))
            return None
        if len(self._known) >= MOST_KEPT:
            self._known.pop(next(iter(self._known)))
        self._known[schema_id] = found
        self._missed.pop(schema_id, None)
        SCHEMA_LOOKUPS.labels("learned").inc()
        return found

    def _remember(self, schema_id: int, miss: Miss) -> _Missed:
        kept = self._missed[schema_id] = _Missed(miss, self._monotonic())
        self._missed.move_to_end(schema_id)
        if len(self._missed) > MOST_MISSED:
            self._missed.popitem(last=False)
        return kept


def _unknown(schema_id: int, why: str) -> Undecodable:
    return Undecodable(DeadLetterReason.UNKNOWN_SCHEMA, None, f"schema id {schema_id}: {why}")


def registered_schemas(settings: ProgramSettings, role: str) -> RegisteredSchemas | None:
    """What a role reads its topics by; None where the settings name no registry."""
    registry = registry_of(settings)
    if registry is None:
        return None
    folder: Path | None = settings.state_dir
    file = None if folder is None else SchemaFile(folder / f"schemas-{role}-{settings.slot}.json", registry.url)
    return RegisteredSchemas(registry, file)
