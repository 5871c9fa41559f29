"""The ledger date of an event about other money: its own, never its original's (R-1, P-21)."""

from __future__ import annotations

from datetime import date, datetime

from schemas.bookkeeping.cut_offs import local_date
from schemas.bookkeeping.windows import ledger_date
from schemas.events import Event, PayoutFailed
from schemas.practice_settings import SettingsHistory, SettingsVersion


def dated(event: Event, history: SettingsHistory, version: SettingsVersion, arrived_at: datetime) -> date:
    """The event's own ledger date (T-6); of a failed payout the civil date on which it failed (P-21). Pure.

    `version` is the one in force when the event happened; `arrived_at` the broker's append time.
    """
    if isinstance(event, PayoutFailed):
        return local_date(event.failed_at, version.settings.zone)
    return ledger_date(history, version.settings, event.occurred_at, min(event.occurred_at, arrived_at))
