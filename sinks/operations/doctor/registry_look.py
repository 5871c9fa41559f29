"""Looks at the schema registry: whether it answers, and whether it has what upstreams and readers need. Reads only."""

from __future__ import annotations

import json

from schemas import compatibility
from schemas.registered import subject
from schemas.topics import CATALOGUE, UPSTREAM
from sinks.operations.doctor.facts import Looked, RegistrySeen
from sinks.operations.doctor.finding import Check
from streams.kafka.schema_registry import RegistryUnavailable, SchemaRegistry, registry_of
from streams.runtime.errors import ConfigurationError
from streams.settings import ProgramSettings


def look_at_registry(settings: ProgramSettings, looked: Looked) -> None:
    """The newest version of every type that upstreams write or read. Blocks for a question each, with one that is not
    there for two, and ends at the first that is not answered in time. Without a registry nothing is looked at."""
    try:
        registry = registry_of(settings)
        if registry is not None:
            looked.saw("registry", _seen(registry, settings.topic_prefix))
    except RegistryUnavailable as error:
        looked.saw("registry", RegistrySeen(str(error), (), ()))
    except ConfigurationError as error:
        looked.could_not(Check.REGISTRY, str(error))
    except ValueError:
        looked.could_not(Check.REGISTRY, "WRITEBACK_SCHEMA_REGISTRY_URL is no address")


def _seen(registry: SchemaRegistry, prefix: str) -> RegistrySeen:
    missing: list[str] = []
    refused: list[str] = []
    newest = {each.record: each for each in compatibility.released()}
    for spec in CATALOGUE.values():
        if not spec.upstream and not {*UPSTREAM} & {*spec.readers}:
            continue
        for record in spec.records:
            name = subject(prefix, spec.name, record)
            text = json.dumps(compatibility.schema_of(newest[record]), separators=(",", ":"))
            if registry.id_of(name, text) is None:
                (missing if registry.takes(name, text) else refused).append(name)
    return RegistrySeen(None, tuple(missing), tuple(refused))
