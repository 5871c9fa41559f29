"""One practice management system: its routes, its declared limits, what its staff see, what is not possible."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from schemas.connector.windows import BatchWindow
from schemas.vocabulary import EntryKind

WORK_LIST: Final = "worklist"
"""Serves every system: people enter what no program can."""
NEXHEALTH: Final = ("nexhealth",)
CONNECTOR: Final = ("connector",)
"""The Writeback Connector API: a partner's service that is called, or an agent on the practice's own network."""

NOT_WRITTEN: Final = (
    "appointments and their status, documents, communication logs and data of claims beside their payment: no event of "
    "a payment system tells them, so Writeback writes none of them; a note about a payment goes with its entry",
)
"""Whatever the system (WR-7)."""


class PracticeSystem(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a system before anything is connected. Once a connection stands, what it declares counts alone.

    Texts are sentences for staff. Nothing here is claimed of a vendor's API that the vendor has not published.
    """

    name: str
    """As `practices.system` stores it, lower case with `_`; the command line also takes `-`."""
    title: str
    vendor: str
    edition: str
    """Which editions are meant, and where they run."""
    routes: tuple[str, ...]
    """By what it is served, the best first."""
    staff_see: str
    """What stands where in the system after an entry was made."""
    payment_type: tuple[str, ...] = ()
    """How a payment type of its own is added there, step by step, so that staff tell our entries from theirs."""
    payment_type_link: str | None = None
    """The vendor's page about it, where one is known."""
    batches_only: bool = False
    """Takes entries in batches alone: nothing is posted at once (TIM-2)."""
    windows: tuple[BatchWindow, ...] = ()
    """When it takes them; empty: at any time."""
    not_taken: frozenset[EntryKind] = frozenset()
    """Kinds of entry that no program can write there."""
    limits: str = ""
    """What else limits it, in a sentence."""
    not_possible: tuple[str, ...] = ()
    """What cannot be done and why, and where sources disagree."""
    aliases: tuple[str, ...] = ()

    @property
    def option(self) -> str:
        """The name as the command line prints it."""
        return self.name.replace("_", "-")

    @property
    def is_none(self) -> bool:
        """Stands for having no system: nothing but the work list serves it."""
        return self.routes == (WORK_LIST,)

    def served_by(self, routes: Iterable[str]) -> tuple[str, ...]:
        """Of the routes of this release, those that serve it, the best first. Pure."""
        known = frozenset(routes)
        return tuple(each for each in self.routes if each in known)


def support_steps(title: str, support: str) -> tuple[str, ...]:
    """Where the vendor publishes no page about payment types. Pure."""
    return (
        f"ask {support} where payment types are kept in your version of {title}",
        "add one there with a name that nobody uses by hand, such as Writeback; for fee adjustments one that lowers "
        "the balance, and one that raises it",
        "choose them in the mapping of the connection",
    )
