"""Subjects of the contract in a registry: registered by one command, looked up by whoever writes under their ids."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

import msgspec

from schemas import compatibility
from schemas.registered import record_of, subject
from schemas.topics import CATALOGUE, TopicName
from schemas.wire import HEADER_BYTES, header
from streams.kafka.schema_registry import SchemaRegistry
from streams.runtime.errors import ConfigurationError

HINT: Final = "`writeback topics register` registers the contract's schemas"


class Subject(msgspec.Struct, frozen=True):
    """A record type under its topic, with the registry's id of each version that we released, oldest first."""

    name: str
    ids: tuple[int, ...]


def register_all(registry: SchemaRegistry, prefix: str) -> Iterator[Subject]:
    """Register every released version of every record type, and have the registry hold them to our compatibility.

    Repeats do no harm. Blocks; raises RegistryUnavailable, and ConfigurationError where the registry refuses a schema.
    """
    for spec in CATALOGUE.values():
        for record in spec.records:
            name = subject(prefix, spec.name, record)
            texts = [_text(each) for each in compatibility.released() if each.record == record]
            ids = [registry.register(name, texts[0])]
            registry.set_compatibility(name)  # a registry may know no subject without a version
            ids += [registry.register(name, text) for text in texts[1:]]
            yield Subject(name, tuple(ids))


class SubjectIds:
    """The ids under which one process writes. Each is asked for once, and blocks then for one question."""

    def __init__(self, registry: SchemaRegistry, prefix: str) -> None:
        self._registry = registry
        self._prefix = prefix
        self._headers: dict[tuple[TopicName, str], bytes] = {}

    def registered(self, topic: TopicName, value: bytes) -> bytes:
        """A value of ours under the registry's id of its schema. Raises RegistryUnavailable, and ConfigurationError for
        a schema that is not registered."""
        record = record_of(value)
        if record is None:
            return value
        found = self._headers.get((topic, record))
        if found is None:
            found = self._headers[topic, record] = header(self._ask(topic, record))
        return found + value[HEADER_BYTES:]

    def _ask(self, topic: TopicName, record: str) -> int:
        name = subject(self._prefix, topic, record)
        newest = [each for each in compatibility.released() if each.record == record][-1]
        found = self._registry.id_of(name, _text(newest))
        if found is None:
            raise ConfigurationError(f"the schema registry does not have {name} v{newest.version}: {HINT}")
        return found


def _text(version: compatibility.Released) -> str:
    return json.dumps(compatibility.schema_of(version), separators=(",", ":"))
