"""The arrival of an event: its time, and the settings history known then."""

from __future__ import annotations

from datetime import datetime

import msgspec

from schemas.practice_settings import SettingsHistory


class Arrival(msgspec.Struct, frozen=True):
    """`at` is the broker's append time in business time (T-11, law 15); `history` is the practice's whole one, since
    the window that a payment falls in may have begun under an earlier version (T-7)."""

    at: datetime
    history: SettingsHistory
