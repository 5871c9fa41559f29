"""The port by which a target lists what a practice can choose from there (SET-11, SET-12, ALL-4, RD-6)."""

from __future__ import annotations

from typing import Final, Protocol, runtime_checkable

import msgspec

from schemas.practice_settings import Allocation, FamilyBooking
from schemas.vocabulary import EntryKind
from sinks.targets.port import Capabilities, ReadFailed

SETTING: Final = "settings: "
"""Before the name of a field that stands in the practice's settings, not in the connection's mapping."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One value that the target has, and the fields that it may stand in."""

    kind: str
    """What it is, in the target's words."""
    value: str
    """As a mapping or the settings name it."""
    name: str
    """As people at the practice know it."""
    detail: str = ""
    fields: tuple[str, ...] = ()
    """Fields that may name it; `…` stands for a key. None: it cannot be chosen, `detail` says why."""
    chosen: tuple[str, ...] = ()
    """Fields that name it now."""


@runtime_checkable
class OffersChoices(Protocol):
    """An adapter whose target can be asked. May be called by commands; never by the poster."""

    async def choices(self, deadline_s: float) -> tuple[Choice, ...] | ReadFailed:
        """Reads only, all within the deadline (seconds). What cannot be read whole is not shown in part."""
        ...


def allocation_choices(capabilities: Capabilities) -> tuple[Choice, ...]:
    """How a payment can be allocated over this connection (SET-11, ALL-4, G2). Pure; which one is chosen stands in
    the practice's settings."""
    if EntryKind.ALLOCATION not in capabilities.entry_kinds:
        return ()
    spread = "exact amounts" if capabilities.allocates_exactly else "spread by the target"
    offered = [
        _setting("allocation", Allocation.ALLOCATE, "post and allocate", f"oldest charge first, {spread}"),
        _setting("allocation", Allocation.POST_ONLY, "prepayment only", ""),
        _setting("allocation", Allocation.BY_HAND, "the practice allocates", "waits for a person"),
        _setting("family", FamilyBooking.PATIENTS, "with each patient", ""),
    ]
    if capabilities.books_to_guarantor:
        offered.append(_setting("family", FamilyBooking.GUARANTOR, "with the guarantor", ""))
    return tuple(offered)


def _setting(field: str, value: Allocation | FamilyBooking, name: str, detail: str) -> Choice:
    return Choice(kind=field, value=value.value, name=name, detail=detail, fields=(SETTING + field,))
