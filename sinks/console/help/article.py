"""One article of the help."""

from __future__ import annotations

import msgspec


class Article(msgspec.Struct, frozen=True, kw_only=True):
    """Plain sentences; no markup."""

    title: str
    screens: tuple[str, ...]
    """Names of the addresses that it is about, its own first."""
    what: str
    steps: tuple[str, ...] = ()
    """What one does there, in order."""
    notes: tuple[str, ...] = ()
    """What people ask."""

    @property
    def name(self) -> str:
        """Its own address, below the help's."""
        return self.screens[0].replace("_", "-")
