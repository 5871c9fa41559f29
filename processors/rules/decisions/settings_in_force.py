"""Finds the version of the settings that decides an event (E-8, law 15)."""

from __future__ import annotations

from datetime import datetime

from schemas.practice_settings import SettingsHistory, SettingsVersion


def settings_in_force(
    history: SettingsHistory | None, occurred_at: datetime, arrived_at: datetime
) -> SettingsVersion | None:
    """The version in force when the payment happened, or when it arrived if that was earlier (a sender's fast clock).

    None: the practice is unknown, or the payment is older than its first version; the event then waits (law 10).
    INTAKE compares with the stored versions at the same minimum, so the two must not differ.
    """
    return None if history is None else history.in_force(min(occurred_at, arrived_at))
