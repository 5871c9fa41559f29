"""What upstreams read, under the ids of the operator's schema registry, so that a client of its protocol decodes it.

A row whose schema the registry has not told of yet stays in the outbox, and with it all that upstreams read; dead
letters, settings and requests to decide again wait for no registry. Nothing is ever published under an id that may
mean something else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from schemas.registered import released_id_of
from schemas.topics import CATALOGUE, UPSTREAM, TopicName
from sinks.relay.outbox_rows import Record
from streams.kafka.registered_subjects import SubjectIds
from streams.kafka.schema_registry import RegistryUnavailable, registry_of
from streams.runtime.endpoints import Health
from streams.runtime.errors import ConfigurationError
from streams.runtime.logging import log
from streams.settings import ProgramSettings

AGAIN_S: Final = 5.0
"""Between two questions for what the registry did not tell."""
PUBLIC: Final = tuple(name for name, spec in CATALOGUE.items() if {*UPSTREAM} & {*spec.readers})
"""What upstreams read."""
_NAME: Final = "schema registry"

_LOG: Final = log(__name__)


class PublishedIds:
    """What one relay knows of its registry's ids. One thread; only `learn` asks the registry."""

    def __init__(self, ids: SubjectIds, health: Health, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._ids = ids
        self._health = health
        self._monotonic = monotonic
        self._wanted: dict[tuple[TopicName, int], bytes] = {}
        """A value of each version that is not known."""
        self._ask_at = float("-inf")

    @property
    def held(self) -> tuple[TopicName, ...]:
        """Topics of which nothing is taken now."""
        return PUBLIC if self._wanted else ()

    def under(self, rows: Sequence[Record]) -> list[Record]:
        """The rows to publish, in their order. What upstreams read is left out from the first row on whose id is not
        known: each practice's results keep their order."""
        found = []
        for row in rows:
            if row.topic not in PUBLIC or row.value is None or (version := released_id_of(row.value)) is None:
                found.append(row)
                continue
            value = self._ids.known(row.topic, row.value)
            if value is None:
                self._wanted.setdefault((row.topic, version), row.value)
            elif not self._wanted:
                found.append(msgspec.structs.replace(row, value=value))
        return found

    def learn(self) -> None:
        """Ask for what is not known. Blocks for one question of each version that is, or for the first that fails."""
        if not self._wanted or self._monotonic() < self._ask_at:
            return
        try:
            for (topic, version), value in list(self._wanted.items()):
                self._ids.registered(topic, value)
                del self._wanted[topic, version]
        except (RegistryUnavailable, ConfigurationError) as error:
            self._ask_at = self._monotonic() + AGAIN_S
            self._health.depends(_NAME, f"results wait in the outbox: {error}")
            _LOG.failure("results wait in the outbox: the schema registry does not tell their ids", error)
            return
        self._health.depends(_NAME)


def published_ids(settings: ProgramSettings, health: Health) -> PublishedIds | None:
    """None where the settings name no registry: ids are the released ones."""
    registry = registry_of(settings)
    return None if registry is None else PublishedIds(SubjectIds(registry, settings.topic_prefix), health)
