"""The golden signals of the whole pipeline: each a number of a live view, for charts and lists. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from sinks.operations.live.view import LiveView


class Signal(StrEnum):
    """By its name in an address."""

    POSTED = "posted"
    OPEN = "open"
    OLDEST = "oldest"
    BEHIND = "behind"
    OUTBOX = "outbox"
    ERRORS = "errors"
    DEAD = "dead"
    CLOSED = "closed"
    UNREAD = "unread"
    NOT_READY = "not-ready"


class Described(msgspec.Struct, frozen=True):
    """How a signal is called, and what it is counted in."""

    name: str
    unit: str
    says: str
    """What it means when it grows, in a sentence."""


DESCRIBED: Final[Mapping[Signal, Described]] = {
    Signal.POSTED: Described(
        "Posted", "entries a second", "What reaches the practices' systems; it follows their day."
    ),
    Signal.OPEN: Described(
        "Open entries", "entries", "What is to be posted, waits or stands dead; it grows while a target is away."
    ),
    Signal.OLDEST: Described("Oldest unposted", "seconds", "How long the oldest open entry has waited, whatever for."),
    Signal.BEHIND: Described(
        "Behind in topics",
        "records",
        "What the slowest role has not read yet; steady growth means that it is too slow or stands.",
    ),
    Signal.OUTBOX: Described("Outbox", "seconds", "How old the oldest result is that is not published yet."),
    Signal.ERRORS: Described("Errors", "a second", "What the roles had to begin again for, in sum."),
    Signal.DEAD: Described("Dead letters", "records", "What a person must look at; Operations lists them by reason."),
    Signal.CLOSED: Described("Closed connections", "connections", "Practices' systems that are not called now."),
    Signal.UNREAD: Described(
        "Notices without a reader", "notices", "What was to be told and nobody was there to be told."
    ),
    Signal.NOT_READY: Described(
        "Processes not at work", "processes", "Roles that do not answer, or wait for something."
    ),
}

_READ: Final[Mapping[Signal, Callable[[LiveView], float | None]]] = {
    Signal.POSTED: lambda view: sum(each.count for each in view.posted_per_s),
    Signal.OPEN: lambda view: _measured(view, sum(each.count for each in view.open_by_state)),
    Signal.OLDEST: lambda view: _measured(view, max((each.count for each in view.oldest_s_by_state), default=0.0)),
    Signal.BEHIND: lambda view: max((each.behind for each in view.roles if each.behind is not None), default=None),
    Signal.OUTBOX: lambda view: view.outbox_oldest_s,
    Signal.ERRORS: lambda view: sum(each.errors_per_s or 0.0 for each in view.roles),
    Signal.DEAD: lambda view: None if view.notices_unread is None else sum(each.count for each in view.dead),
    Signal.CLOSED: lambda view: _measured(view, sum(each.count for each in view.closed)),
    Signal.UNREAD: lambda view: view.notices_unread,
    Signal.NOT_READY: lambda view: float(sum(not each.ready for each in view.roles)),
}


class Point(msgspec.Struct, frozen=True):
    """All signals at one moment. None: nobody measured it."""

    at: datetime
    values: Mapping[Signal, float | None]


def point_of(view: LiveView, at: datetime) -> Point:
    return Point(at, {signal: read(view) for signal, read in _READ.items()})


def _measured(view: LiveView, value: float) -> float | None:
    """Numbers of the ledger are none while no process has measured it: 0 would say that all is well."""
    return None if view.measured_ago_s is None else value
