"""The practices' settings in RULES: the compacted topic, read to its end before the first event (law 14)."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Any, Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from schemas.codec import Undecodable, decode_settings
from schemas.practice_settings import SettingsError, SettingsHistory
from schemas.topics import TopicName, physical
from streams.kafka.client_config import FETCH_BYTES, PREFETCH_KIB
from streams.runtime.errors import ConfigurationError, Transient
from streams.runtime.lifecycle import Stop
from streams.runtime.logging import log
from streams.runtime.metrics import SETTINGS_BAD_RECORDS, SETTINGS_PRACTICES
from streams.settings import ProgramSettings

DECODED: Final = 4096
"""Decoded histories that are kept: about 2 KB each, and a batch rarely names more practices."""
CHUNK: Final = 1000
PATIENCE_S: Final = 60.0
"""Without a record or an end for this long, the topic cannot be read."""
METADATA_S: Final = 15.0
_LOG = log(__name__)


class SettingsView:
    """The newest history of every practice. One thread; `catch_up` first, then `follow` once a round.

    Raw bytes are kept and decoded when needed: 200,000 practices fit a role's memory. A tombstone or a record that
    cannot be read changes nothing, is counted and logged; the last good one stays.
    """

    def __init__(self, settings: ProgramSettings) -> None:
        self._topic = physical(settings.topic_prefix, TopicName.SETTINGS)
        self._consumer = Consumer(_config(settings))
        self._raw: dict[str, bytes] = {}
        self._decoded: OrderedDict[str, SettingsHistory | None] = OrderedDict()
        self._behind: set[int] = set()

    def catch_up(self, stop: Stop) -> None:
        """Reads every partition to its end; blocks until then, or until `stop`.

        The end is PARTITION_EOF, not a watermark: that leaves out open transactions, and an empty partition has no
        position. Raises Transient when nothing more comes, ConfigurationError when the topic is not there.
        """
        partitions = self._partitions()
        self._behind = set(partitions)
        self._consumer.assign([TopicPartition(self._topic, number, OFFSET_BEGINNING) for number in partitions])
        heard = time.monotonic()
        while self._behind and not stop:
            messages = self._consumer.consume(CHUNK, timeout=0.5)
            if messages:
                heard = time.monotonic()
                self._take(messages)
            elif time.monotonic() - heard > PATIENCE_S:
                raise Transient(f"topic {self._topic} cannot be read to its end")
        _LOG.info("settings are read", topic=self._topic, count=len(self._raw))

    def follow(self) -> None:
        """Takes what came since; does not block."""
        while messages := self._consumer.consume(CHUNK, timeout=0):
            self._take(messages)

    def knows(self, practice_id: str) -> bool:
        """Whether settings of this practice were ever published. Decodes nothing."""
        return practice_id in self._raw

    def history(self, practice_id: str) -> SettingsHistory | None:
        """The newest good history of a practice, or None when there is none."""
        decoded = self._decoded
        if practice_id in decoded:
            decoded.move_to_end(practice_id)
            return decoded[practice_id]
        raw = self._raw.get(practice_id)
        found = None if raw is None else self._read(practice_id, raw)
        if raw is not None:
            decoded[practice_id] = found
            if len(decoded) > DECODED:
                decoded.popitem(last=False)
        return found

    def __len__(self) -> int:
        return len(self._raw)

    def close(self) -> None:
        self._consumer.close()

    def _partitions(self) -> list[int]:
        try:
            found = self._consumer.list_topics(self._topic, timeout=METADATA_S).topics[self._topic]
        except KafkaException as error:
            raise Transient("the broker does not describe the settings topic: is it reachable?") from error
        if found.error is not None:
            raise ConfigurationError(f"topic {self._topic} is not there: make it with `writeback topics ensure`")
        return sorted(found.partitions)

    def _take(self, messages: list[Message]) -> None:
        for message in messages:
            error = message.error()
            if error is None:
                self._put(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                self._behind.discard(message.partition() or 0)
            elif error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE) or error.fatal():
                raise Transient(
                    "the position in the settings topic is lost: the next start reads it from its beginning"
                )
            else:
                _LOG.warning("the settings topic reports an error", topic=self._topic, code=error.name())
        SETTINGS_PRACTICES.set(len(self._raw))

    def _put(self, message: Message) -> None:
        """Keeps a record unless it is known to be bad. While catching up, a first record is looked at when needed."""
        key, value = message.key(), message.value()
        practice_id = key.decode("utf-8", "replace") if isinstance(key, bytes) else ""
        if not isinstance(value, bytes):
            self._bad("tombstone", practice_id, message)
            return
        lazy = bool(self._behind) and practice_id not in self._raw
        if not lazy and self._read(practice_id, value) is None:
            self._bad("unreadable", practice_id, message)
            return
        self._raw[practice_id] = value
        self._decoded.pop(practice_id, None)

    def _read(self, practice_id: str, raw: bytes) -> SettingsHistory | None:
        try:
            history = decode_settings(raw)
        except (Undecodable, SettingsError) as error:
            _LOG.failure("a practice's settings cannot be read", error)
            return None
        return history if history.practice_id == practice_id and history.versions else None

    def _bad(self, reason: str, practice_id: str, message: Message) -> None:
        SETTINGS_BAD_RECORDS.labels(reason).inc()
        _LOG.warning(
            "a settings record is ignored; the last good one stays",
            reason=reason,
            topic=self._topic,
            partition=message.partition(),
            offset=message.offset(),
        )


def _config(settings: ProgramSettings) -> dict[str, Any]:
    config: dict[str, Any] = dict(settings.kafka_client())
    return config | {
        "group.id": settings.prefixed("rules-settings-view"),  # the client asks for one; nothing is ever committed
        "client.id": f"{settings.prefixed('rules-settings-view')}-{settings.slot}",
        "group.protocol": "classic",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
        "queued.max.messages.kbytes": PREFETCH_KIB,
        "fetch.max.bytes": FETCH_BYTES,
        "log_level": 3,
    }
