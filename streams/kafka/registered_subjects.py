"""Subjects of the contract in a registry: registered by one command, looked up by whoever writes under their ids."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

import msgspec

from schemas import compatibility
from schemas.registered import released_id_of, subject
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
        self._headers: dict[tuple[TopicName, int], bytes] = {}

    def registered(self, topic: TopicName, value: bytes) -> bytes:
        """A value of ours under the registry's id of the version that it was written by. Raises RegistryUnavailable,
        and ConfigurationError for a schema that is not registered."""
        released_id = released_id_of(value)
        if released_id is None:
            return value
        if (topic, released_id) not in self._headers:
            self._headers[topic, released_id] = header(self._ask(topic, released_id))
        return self._headers[topic, released_id] + value[HEADER_BYTES:]

    def known(self, topic: TopicName, value: bytes) -> bytes | None:
        """`registered` without a question: None where it would need one."""
        released_id = released_id_of(value)
        if released_id is None:
            return value
        found = self._headers.get((topic, released_id))
        return None if found is None else found + value[HEADER_BYTES:]

    def _ask(self, topic: TopicName, released_id: int) -> int:
        (version,) = [each for each in compatibility.released() if each.id == released_id]
        name = subject(self._prefix, topic, version.record)
        found = self._registry.id_of(name, _text(version))
        if found is None:
            raise ConfigurationError(f"the schema registry does not have {name} v{version.version}: {HINT}")
        return found


def _text(version: compatibility.Released) -> str:
    return json.dumps(compatibility.schema_of(version), separators=(",", ":"))
