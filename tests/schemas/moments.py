"""Instants, zones and wall times that tests of time choose from."""

from __future__ import annotations

from datetime import UTC, datetime, time

from hypothesis import strategies as st

ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "America/Phoenix",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Caracas",
    "Europe/London",
    "Europe/Dublin",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Asia/Gaza",
    "Asia/Pyongyang",
    "Australia/Lord_Howe",
    "Australia/Eucla",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Chatham",
    "Antarctica/Troll",
    "UTC",
)
"""Gaps and folds of an hour, half an hour and two hours, at midnight too; odd offsets; days that were skipped;
daylight saving that is negative or stops for a month."""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def wall_times() -> st.SearchStrategy[time]:
    """Local times in whole minutes, as settings take them."""
    return st.builds(time, st.integers(0, 23), st.integers(0, 59))
