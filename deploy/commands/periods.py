"""A stretch of time as people name it: days of the practice, or instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from streams.runtime.errors import ConfigurationError


def period(since: str, until: str, zone: str) -> tuple[datetime, datetime]:
    """From --from and --to: a day is the practice's own, and --to's is included. ConfigurationError says how."""
    begins, ends = _edge(since, "--from", zone, 0), _edge(until, "--to", zone, 1)
    if begins >= ends:
        raise ConfigurationError(f"--to: {until} does not come after --from {since}")
    return begins, ends


def _edge(text: str, option: str, zone: str, days: int) -> datetime:
    try:
        if len(text) == len("2026-03-02"):
            day = date.fromisoformat(text) + timedelta(days=days)
            return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        at = None
    if at is None or at.tzinfo is None:
        raise ConfigurationError(f"{option}: write a day like 2026-03-02, or an instant like 2026-03-02T17:30:00-05:00")
    return at
