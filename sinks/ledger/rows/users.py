"""Rows of the people who use the program: what each may do where, and the days that they signed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec


class UserRow(msgspec.Struct, frozen=True):
    """Table `users`: by the name under which the audit trail keeps what they do."""

    name: str
    full_name: str | None
    email: str | None
    added_at: datetime
    added_by: str
    disabled_at: datetime | None
    disabled_by: str | None


class UserGrantRow(msgspec.Struct, frozen=True):
    """Table `user_grants`: a role at a practice, at a group's practices, or at all (both empty)."""

    name: str
    role: str
    """`sinks.operations.roles.Role`."""
    practice_id: str
    organisation_id: str
    granted_at: datetime
    granted_by: str


class DaySignoffRow(msgspec.Struct, frozen=True):
    """Table `day_signoffs`: a day that a named person signed, with the figures of then."""

    practice_id: str
    day: date
    n: int
    figures: dict[str, Any]
    """`sinks.operations.review.figures.Figures`."""
    complete: bool
    signed_at: datetime
    signed_by: str
    why: str
