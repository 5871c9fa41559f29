"""The port by which a target says itself what it can do, to be kept with its connection."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import msgspec

from sinks.targets.port import ReadFailed


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """A connection's configuration with what its target said of itself."""

    config: dict[str, Any]
    """As it is to be stored: complete, with defaults."""
    changed: bool
    """It says something else than is stored."""


@runtime_checkable
class DescribesItself(Protocol):
    """An adapter whose target can be asked. Called by commands when a connection is added or tested; never by the
    poster, whose adapter lives by what is stored."""

    async def describe(self, deadline_s: float) -> Described | ReadFailed:
        """One read. Bounded like everything from outside (law 29)."""
        ...
