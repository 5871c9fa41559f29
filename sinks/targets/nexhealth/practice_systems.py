"""The practice systems that this route reaches, and the forms that each of them takes (README section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec


class SystemName(StrEnum):
    """As a mapping names the system behind a location. No other one takes payments over this route: on those the
    service says yes and the practice never sees the entry."""

    DENTRIX = "dentrix"
    DENTRIX_ENTERPRISE = "dentrix_enterprise"
    EAGLESOFT = "eaglesoft"
    OPEN_DENTAL = "open_dental"


class PracticeSystem(msgspec.Struct, frozen=True, kw_only=True):
    """What is different about one system."""

    called: str
    """The name that people know, and that `GET /sync_status` gives."""
    refunds_are_payments: bool
    """A payment with the other sign can be written. False: a refund is an adjustment of the practice's refund type."""


SYSTEMS: Final[Mapping[SystemName, PracticeSystem]] = MappingProxyType(
    {
        SystemName.DENTRIX: PracticeSystem(called="Dentrix", refunds_are_payments=False),
        # Not said by the vendor. The adjustment that we name ourselves is right whatever the service would make of a
        # payment.
        SystemName.DENTRIX_ENTERPRISE: PracticeSystem(called="Dentrix Enterprise", refunds_are_payments=False),
        SystemName.EAGLESOFT: PracticeSystem(called="Eaglesoft", refunds_are_payments=True),
        SystemName.OPEN_DENTAL: PracticeSystem(called="Open Dental", refunds_are_payments=True),
    }
)


def system_called(name: str) -> SystemName | None:
    """The system that the service calls so, in whatever spelling; None for one that this route does not reach. Pure."""
    plain = "".join(letter for letter in name.lower() if letter.isalnum())
    for known, system in SYSTEMS.items():
        if plain == "".join(letter for letter in system.called.lower() if letter.isalnum()):
            return known
    return None
