"""The names of target systems, for people."""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.vocabulary import Target
from sinks.targets.catalogue import ROUTES


class SystemWords(msgspec.Struct, frozen=True):
    """What serves a target in general, where it is not known which system it is."""

    name: str
    """In a sentence."""
    label: str
    """Of a column or a sum."""


SYSTEM_WORDS: Final[dict[str, SystemWords]] = {
    Target.PMS: SystemWords("the practice management system", "PMS"),
    Target.QUICKBOOKS: SystemWords("QuickBooks", "QuickBooks"),
}


def system_name(target: str | None, route: str | None = None) -> str:
    """The system that a connection's route leads to, else what serves the target in general. Pure."""
    known = ROUTES.get(route or "")
    if known is not None:
        return known.system
    general = SYSTEM_WORDS.get(target or "")
    return "the system" if general is None else general.name


def system_label(target: str) -> str:
    """What serves the target, as a label; a target of a newer release as it is. Pure."""
    general = SYSTEM_WORDS.get(target)
    return target if general is None else general.label


def with_system(text: str, target: str | None, route: str | None = None) -> str:
    """The text with the system's name for `{system}`. Pure."""
    return text.replace("{system}", system_name(target, route))
