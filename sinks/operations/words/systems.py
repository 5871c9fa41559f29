"""The names of target systems, for people."""

from __future__ import annotations

from typing import Final

from schemas.vocabulary import Target
from sinks.targets.catalogue import ROUTES

GENERAL_NAMES: Final = {Target.PMS: "the practice management system", Target.QUICKBOOKS: "QuickBooks"}
"""Where it is not known which system serves a practice."""


def system_name(target: Target | None, route: str | None = None) -> str:
    """The system that a connection's route leads to, else what serves the target in general. Pure."""
    known = ROUTES.get(route or "")
    if known is not None:
        return known.system
    return "the system" if target is None else GENERAL_NAMES[target]
