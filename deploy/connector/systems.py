"""Practice systems that are rehearsed with the reference connector, each with the limits that it has to keep.

What a vendor publishes of its posting calls is under partner agreement or not published at all; a connector keeps such
details to itself. Windows and editions are those that were seen; kinds are those that a partner asks for first.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from deploy.connector.limits import Limits
from schemas.connector.records import Kind
from schemas.connector.windows import BatchWindow


class RehearsedSystem(msgspec.Struct, frozen=True, kw_only=True):
    """One row."""

    system: str
    edition: str
    route: str
    """push: a connector in the cloud. pull: an agent at the practice."""
    limits: Limits
    about: str
    """What is known, and what is not."""


_PAYMENTS: Final = (
    Kind.PAYMENT,
    Kind.FEE_ADJUSTMENT,
    Kind.REFUND,
    Kind.RETURN,
    Kind.DISPUTE_HOLD,
    Kind.DISPUTE_RELEASE,
    Kind.REVERSAL,
)
_NIGHT: Final = (BatchWindow(opens="00:00", closes="11:00", zone="UTC"),)


def _row(system: str, edition: str, route: str, about: str, *, limits: Limits) -> RehearsedSystem:
    named = msgspec.structs.replace(limits, system=system, edition=edition)
    return RehearsedSystem(system=system, edition=edition, route=route, limits=named, about=about)


_BATCH: Final = Limits(kinds=_PAYMENTS, batches_only=True, allocates=False, max_in_flight=1)
_INSTANT: Final = Limits(kinds=_PAYMENTS, max_in_flight=2)

SYSTEMS: Final[Mapping[str, RehearsedSystem]] = MappingProxyType(
    {
        "dentrix-ascend": _row(
            "Dentrix Ascend",
            "cloud",
            "push",
            "line items: a credit is applied to charges, the rest stays unapplied",
            limits=_INSTANT,
        ),
        "denticon": _row("Denticon", "cloud", "push", "real time; one key for a practice group", limits=_INSTANT),
        "curve": _row(
            "Curve Dental",
            "cloud",
            "push",
            "the partner interface syncs on a schedule, so entries go in batches; it gives no payment type back",
            limits=_BATCH,
        ),
        "cloud9": _row(
            "Cloud 9",
            "cloud",
            "push",
            "partners may call from 00:00 to 11:00 UTC alone: everything waits for the night",
            limits=msgspec.structs.replace(_BATCH, windows=_NIGHT, min_interval_s=1.0),
        ),
        "winoms": _row("WinOMS", "server", "pull", "no interface is published; an agent in the office", limits=_BATCH),
        "dsn": _row("DSN", "server", "pull", "no interface is published; an agent in the office", limits=_BATCH),
        "dentimax": _row("DentiMax", "server", "pull", "no interface is published", limits=_BATCH),
        "oryx": _row("Oryx", "cloud", "push", "sources disagree whether it can be written to", limits=_BATCH),
        "sensei-cloud": _row(
            "Sensei Cloud", "cloud", "push", "sources disagree whether it can be written to", limits=_INSTANT
        ),
        "fuse": _row(
            "Fuse",
            "cloud",
            "push",
            "its vendor said that payments cannot be written: ask before a connector is built",
            limits=_BATCH,
        ),
    }
)
"""By the name that `--like` takes."""
