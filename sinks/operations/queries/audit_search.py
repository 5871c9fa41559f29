"""Searches the trail of what people did: at one practice, or of the program itself (H-15)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_one
from sinks.operations.acting import Actor, authorise_view
from sinks.operations.ledger import Ledger
from sinks.operations.queries.practices import check_practice
from sinks.operations.roles import View

LOOKED_AT: Final = 5_000
"""Entries of one look back: some milliseconds. The trail has no index but its own order, as its owner alone may change
its table."""
LARGEST: Final = 2**62
NOT_OF_A_PRACTICE: Final = "*"
"""How the names of the program's own trails begin."""

_SQL: Final = named_queries("sinks.operations.queries", "audit_search.sql")


class TrailWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries of one trail. Empty texts and None: all."""

    trail: str
    """A practice's id, or `*` and a name for what belongs to none."""
    action: str = ""
    """As the trail writes it, for example `entry.post`."""
    actor: str = ""
    """A part of the name."""
    about: str = ""
    """Exactly: an entry's number, an event's id, a user's name."""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    """Only entries with a lower number; None: from the newest."""
    most: int = 50


class TrailEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What one person did once. `before` and `after` are what it changed, by field."""

    n: int
    at: datetime
    actor: str
    action: str
    subject: str | None
    why: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class TrailPage(msgspec.Struct, frozen=True):
    """The newest first."""

    entries: tuple[TrailEntry, ...]
    further: int | None
    """`before` of what was not looked at yet; None: the trail's beginning was reached."""


class _Row(TrailEntry, frozen=True, kw_only=True):
    last: int


class _Reached(msgspec.Struct, frozen=True):
    last: int | None


def search_trail(ledger: Ledger, wanted: TrailWanted, actor: Actor) -> TrailPage:
    """One look back of LOOKED_AT entries at most; `further` goes on. Blocks for three statements at most.

    Raises Permanent for an actor who may not see that trail, and ConfigurationError names the nearest practice for an
    unknown one.
    """
    own = wanted.trail.startswith(NOT_OF_A_PRACTICE)
    authorise_view(actor, View.AUDIT, None if own else wanted.trail)
    if not own:
        check_practice(ledger.connection, wanted.trail)
    parameters = {
        "trail": wanted.trail,
        "before": LARGEST if wanted.before is None else wanted.before,
        "looked_at": LOOKED_AT,
        "action": wanted.action,
        "actor": wanted.actor,
        "about": wanted.about,
        "since": wanted.since,
        "until": wanted.until,
        "most": wanted.most,
    }
    rows = fetch_all(ledger.connection, _Row, _SQL["entries"], parameters)
    if len(rows) == wanted.most:
        last: int | None = rows[-1].n
    elif rows:
        last = rows[0].last
    else:
        reached = fetch_one(ledger.connection, _Reached, _SQL["reached"], parameters)
        last = None if reached is None else reached.last
    entries = tuple(TrailEntry(**{name: getattr(row, name) for name in TrailEntry.__struct_fields__}) for row in rows)
    return TrailPage(entries, last if last is not None and last > 1 else None)
