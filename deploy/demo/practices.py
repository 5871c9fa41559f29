"""The three practices of the demonstration, each with its settings."""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo

import msgspec

from schemas.practice_settings import AmountMode, PracticeSettings, Timing, TypeModes
from schemas.practice_settings import TypeMode as Mode


class DemoPractice(msgspec.Struct, frozen=True, kw_only=True):
    """A practice, what it set, and what is wrong with it on purpose."""

    practice_id: str
    name: str
    settings: PracticeSettings
    realm_id: str
    customer_key: str
    payments: int
    """How many payments it takes on the day."""
    broken_mapping: bool = False
    """Its mapping names a payment type that was hidden in the PMS: INVALID_CONFIG and a notice."""

    @property
    def zone(self) -> ZoneInfo:
        return self.settings.time_zone()

    @property
    def email(self) -> str:
        return f"books@{self.practice_id}.example"


PRACTICES: tuple[DemoPractice, ...] = (
    DemoPractice(
        practice_id="harbor-dental",
        name="Harbor Dental (New York): net, instant",
        settings=PracticeSettings(zone="America/New_York", master=True),
        realm_id="9341450000000001",
        customer_key="harbor-office-key",
        payments=160,
    ),
    DemoPractice(
        practice_id="mesa-smiles",
        name="Mesa Smiles (Phoenix): gross, daily 18:00",
        settings=PracticeSettings(
            zone="America/Phoenix",
            master=True,
            amount=AmountMode.GROSS,
            timing=Timing.DAILY,
            cut_off=time(18, 0),
            types=TypeModes(collection=Mode.OFF),
        ),
        realm_id="9341450000000002",
        customer_key="mesa-office-key",
        payments=120,
    ),
    DemoPractice(
        practice_id="lakeside-family",
        name="Lakeside Family (Chicago): net, instant, broken mapping",
        settings=PracticeSettings(zone="America/Chicago", master=True, types=TypeModes(terminal=Mode.MANUAL)),
        realm_id="9341450000000003",
        customer_key="lakeside-office-key",
        payments=60,
        broken_mapping=True,
    ),
)
