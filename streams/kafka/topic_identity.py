"""Detects a re-created topic by its id: its offsets mean nothing, so the role stops (law 5)."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from concurrent.futures import Future
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from streams.fault_injection import Control, disabled
from streams.runtime.errors import ConfigurationError, Transient
from streams.runtime.logging import log

CHECK_EVERY_S: Final = 60.0
"""Law 5: on assignment and every minute."""
ASK_S: Final = 10.0
SILENT_S: Final = 600.0
"""A broker that has not answered for ten minutes is not coming back by waiting: exit, and let a restart decide."""

_LOG = log(__name__)


class TopicReplacedError(ConfigurationError):
    """A topic has another id than before. An operator has to say where to read from."""


class TopicGuard:
    """Remembers the ids of topics and their partition counts, and checks every minute that they still hold.

    The question runs in the background of the admin client: `check` never blocks.
    """

    def __init__(self, admin: AdminClient, topics: Collection[str]) -> None:
        """Asks at once and blocks for up to 10 s. ConfigurationError names a topic that is not there."""
        self._admin = admin
        self._topics = sorted(topics)
        self._asked: Mapping[str, Future[Any]] = {}
        self._answered_at = time.monotonic()
        self._ids: dict[str, str] = {}
        self._partitions: dict[str, int] = {}
        for topic, answer in self._ask().items():
            try:
                described = answer.result(timeout=2 * ASK_S)
            except KafkaException as error:
                raise _not_there(topic, error) from error
            self._ids[topic] = str(described.topic_id)
            self._partitions[topic] = len(described.partitions)

    def id_of(self, topic: str) -> str:
        return self._ids[topic]

    def partitions_of(self, topic: str) -> int:
        return self._partitions[topic]

    def require_partitions(self, count: int) -> None:
        """ConfigurationError when a topic has another partition count than the catalogue (law 12)."""
        for topic, partitions in self._partitions.items():
            if partitions != count:
                raise ConfigurationError(
                    f"topic {topic} has {partitions} partitions and not {count}: set WRITEBACK_TOPIC_PARTITIONS to "
                    "what the topics were made with; growth is a new topic, never more partitions"
                )

    def confirm(self, topic: str, known_id: str | None) -> None:
        """TopicReplacedError when offsets were committed for another incarnation of the topic."""
        if known_id and known_id != self._ids[topic] and not disabled(Control.TOPIC_IDS):
            raise _replaced(topic)

    def check(self) -> None:
        """Once a round. Raises TopicReplacedError, or Transient when the broker has not answered for ten minutes."""
        now = time.monotonic()
        if not self._asked:
            if now - self._answered_at >= CHECK_EVERY_S:
                self._asked = self._ask()
            return
        if all(answer.done() for answer in self._asked.values()):
            asked, self._asked = self._asked, {}
            if self._compare(asked):
                self._answered_at = now
        if now - self._answered_at > SILENT_S:
            raise Transient("the broker has not described its topics for ten minutes")

    def _compare(self, asked: Mapping[str, Future[Any]]) -> bool:
        for topic, answer in asked.items():
            error = answer.exception()
            if error is not None:
                # Gone from the metadata for a moment, or the broker is away: neither is another topic.
                _LOG.warning("a topic cannot be described", topic=topic, error=type(error).__name__)
                return False
            if str(answer.result().topic_id) != self._ids[topic] and not disabled(Control.TOPIC_IDS):
                raise _replaced(topic)
        return True

    def _ask(self) -> Mapping[str, Future[Any]]:
        asked: Mapping[str, Future[Any]] = self._admin.describe_topics(
            TopicCollection(self._topics), request_timeout=ASK_S
        )
        return asked


def _replaced(topic: str) -> TopicReplacedError:
    return TopicReplacedError(
        f"topic {topic} was deleted and re-created: offsets of the old one mean nothing in it. See what was lost with "
        "`writeback audit-receipts`, then delete the group's offsets of this topic to begin at its start"
    )


def _not_there(topic: str, error: KafkaException) -> ConfigurationError | Transient:
    if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
        return ConfigurationError(f"topic {topic} is not there: make it with `writeback topics ensure`")
    return Transient(f"topic {topic} cannot be described: is the broker reachable?")
