"""Every practice system that Writeback knows, by name, and how people name them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sinks.targets.systems.cloud import CLOUD
from sinks.targets.systems.on_premise import ON_PREMISE
from sinks.targets.systems.others import NOT_LISTED, OTHERS
from sinks.targets.systems.record import PracticeSystem
from streams.runtime.did_you_mean import nearest
from streams.runtime.errors import ConfigurationError

LISTED: Final = tuple(sorted((*ON_PREMISE, *CLOUD), key=lambda each: each.title.lower()))
"""The systems of the market, in the order in which people look for them."""
SYSTEMS: Final[Mapping[str, PracticeSystem]] = MappingProxyType({each.name: each for each in (*LISTED, *OTHERS)})
"""By `practices.system`."""


def system_named(text: str) -> PracticeSystem:
    """The system that a person means: its name, title or alias, with any dashes, spaces or capitals.

    Raises ConfigurationError that names the nearest, and how to ask for one that is not listed.
    """
    found = system_called(text)
    if found is None:
        known = [each.option for each in SYSTEMS.values()]
        raise ConfigurationError(
            f"{text!r} is not a system that Writeback knows{nearest(text, known)}: `writeback targets` lists them; for "
            f"another give --system {NOT_LISTED.option} --system-name NAME"
        )
    return found


def system_called(text: str) -> PracticeSystem | None:
    """The system that is spelled so, with any dashes, spaces or capitals. Pure."""
    by_spelling = {_plain(spelled): each for each in SYSTEMS.values() for spelled in _spellings(each)}
    return by_spelling.get(_plain(text))


def may_name(system: PracticeSystem) -> bool:
    """Whether a name of the practice's own belongs to it: that of a system which is asked for. Pure."""
    return system is NOT_LISTED


def stored_system(name: str | None) -> PracticeSystem | None:
    """Of a stored name; None where none is chosen, and for one of a later release. Pure."""
    return None if name is None else SYSTEMS.get(name)


def _spellings(system: PracticeSystem) -> tuple[str, ...]:
    return system.name, system.title, *system.aliases


def _plain(text: str) -> str:
    return "".join(each for each in text.lower() if each.isalnum())
