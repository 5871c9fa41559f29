"""Schemas that a registry told, on disk, so that a role which starts while the registry is away reads what it read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from streams.runtime.logging import log

MOST: Final = 1_000
MOST_BYTES: Final = 32 * 1024 * 1024

_LOG: Final = log(__name__)


class _Content(msgspec.Struct, frozen=True):
    registry: str
    """Another registry's ids mean something else."""
    schemas: dict[int, str]


class SchemaFile:
    """One process' file; whatever is wrong with it only costs questions to the registry."""

    def __init__(self, path: Path, registry: str) -> None:
        self._path = path
        self._registry = registry
        self._schemas: dict[int, str] = {}

    def read(self) -> dict[int, str]:
        """What was kept of this registry; nothing where the file is missing, broken or of another."""
        try:
            if self._path.stat().st_size > MOST_BYTES:
                return {}
            content = msgspec.json.decode(self._path.read_bytes(), type=_Content)
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError, RecursionError) as error:
            _LOG.failure("the file of registered schemas is not used", error)
            return {}
        if content.registry == self._registry:
            self._schemas = dict(content.schemas)
        return dict(self._schemas)

    def keep(self, schema_id: int, text: str) -> None:
        """Add one, by a file beside it that is renamed into place. An error is logged: the next start asks again."""
        if len(self._schemas) >= MOST:
            return
        self._schemas[schema_id] = text
        beside = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(msgspec.json.encode(_Content(self._registry, self._schemas)))
            os.replace(beside, self._path)
        except OSError as error:
            _LOG.failure("the file of registered schemas is not written", error)
