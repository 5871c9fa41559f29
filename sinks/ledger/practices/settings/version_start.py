"""When a version of settings begins, and what happens then (laws 15, 24)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.settings.history import Newest
from sinks.ledger.unit_of_work import UnitOfWork
from sinks.ledger.waiting.closed_periods import release_opened
from sinks.ledger.waiting.reevaluate import reevaluate
from streams.runtime.errors import ConfigurationError

_SQL: Final = named_queries("sinks.ledger.practices.settings")

_STEP: Final = timedelta(microseconds=1)
SAME_MOMENT: Final = timedelta(seconds=1)
"""Two saves in one moment, or a clock that was set back a little, still rise strictly."""


def begins_at(practice_id: str, asked: datetime | None, at: datetime, newest: Newest | None) -> datetime:
    """When a version begins. Pure. The first one may begin earlier: without settings nothing was decided."""
    if asked is None:
        if newest is not None and newest.effective_from > at + SAME_MOMENT:
            raise ConfigurationError(f"{practice_id} {saved_ahead(practice_id, newest)}")
        return at if newest is None else max(at, newest.effective_from + _STEP)
    if asked.tzinfo is None:
        raise ConfigurationError("effective_from: an instant needs a zone, for example 2026-03-02T17:30:00-05:00")
    if newest is not None and asked < at:
        raise ConfigurationError(
            f"effective_from: {asked.isoformat()} is past, and what happened since was decided already; "
            "leave it out to begin now"
        )
    if newest is not None and asked <= newest.effective_from:
        raise ConfigurationError(
            f"effective_from: {asked.isoformat()} is too early; {practice_id} {saved_ahead(practice_id, newest)}"
        )
    return asked


def saved_ahead(practice_id: str, newest: Newest) -> str:
    """Why nothing can begin before a version that is saved for later, and what a person can do. Pure."""
    return (
        f"has a version saved ahead that begins {newest.effective_from.isoformat()}, and none can begin before it: "
        f"take it back with `writeback settings withdraw {practice_id} --version {newest.version} --yes --why TEXT`, "
        "or begin after it (--from)"
    )


def apply_begun(unit: UnitOfWork) -> None:
    """Let versions that have begun act: waiting events are decided anew, PAUSED resumes, what a closed period held goes
    on where it opened (T-9), gates are recomputed (law 24). Blocks."""
    parameters = {"practice_id": unit.practice_id, "now": unit.at}
    unit.cursor.execute(_SQL["mark_applied"], parameters)
    unit.cursor.execute(_SQL["redecide_waiting"], parameters)
    reevaluate(unit)
    release_opened(unit, actor="settings")
    unit.refresh_gates()
