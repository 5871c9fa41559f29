"""What a person says of the system that a practice uses: one of the catalogue, or the name of another."""

from __future__ import annotations

from typing import Final

import msgspec

from sinks.ledger.practices.staff_text import checked_text
from sinks.targets.systems.catalogue import may_name, stored_system, system_named
from streams.runtime.errors import ConfigurationError

LONGEST_NAME: Final = 80


class UsedSystem(msgspec.Struct, frozen=True):
    """As a practice's row keeps it."""

    system: str | None
    name: str | None = None
    """Of a system that is not listed."""

    @property
    def title(self) -> str | None:
        """For people: what they call it, else the catalogue's title; None where nobody has said."""
        known = stored_system(self.system)
        return self.name or (self.system if known is None else known.title)


def used_system(system: str | None, name: str | None) -> UsedSystem | None:
    """The system that is given; None where none is. Pure.

    Raises ConfigurationError for an unknown system, for a name beside a listed one, and for one that may not be kept.
    """
    if system is None:
        if name is not None:
            raise ConfigurationError(
                "--system-name: give --system not-listed with it; a listed system has its own name"
            )
        return None
    found = system_named(system)
    if may_name(found) != bool((name or "").strip()):
        raise ConfigurationError(
            "--system-name: what people call the system, so that it can be asked for"
            if may_name(found)
            else f"--system-name: {found.title} has its own name; leave it out"
        )
    return UsedSystem(found.name, _checked_name(name))


def _checked_name(name: str | None) -> str | None:
    if name is None:
        return None
    checked_text("--system-name", name)
    if len(name) > LONGEST_NAME:
        raise ConfigurationError(f"--system-name: at most {LONGEST_NAME} characters")
    return name.strip()
