"""The practices of the demonstration: each with its settings, its practice system, and how that is reached."""

from __future__ import annotations

from datetime import time
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from schemas.practice_settings import AmountMode, MembershipBooking, PracticeSettings, Timing, TypeModes
from schemas.practice_settings import TypeMode as Mode


class System(StrEnum):
    """By the name that `writeback target add` takes for its route."""

    OPEN_DENTAL = "open-dental"
    DENTRIX = "nexhealth"
    CLOUD9 = "connector"
    NONE = "worklist"


class DemoPractice(msgspec.Struct, frozen=True, kw_only=True):
    """A practice, what it set, and what is wrong with it on purpose."""

    practice_id: str
    name: str
    settings: PracticeSettings
    realm_id: str
    account: str
    """Its name at the practice system: customer key, API key, or account."""
    system: System = System.OPEN_DENTAL
    payments: int
    """How many payments it takes on the day."""
    opens: time = time(8, 5)
    """When its first payment may come, local time."""
    broken_mapping: bool = False
    """Its mapping names a payment type that was hidden in the PMS: INVALID_CONFIG and a notice."""

    @property
    def zone(self) -> ZoneInfo:
        return self.settings.time_zone()

    @property
    def email(self) -> str:
        return f"books@{self.practice_id}.example"


HARBOR: Final = DemoPractice(
    practice_id="harbor-dental",
    name="Harbor Dental (New York): Open Dental, net, instant",
    settings=PracticeSettings(zone="America/New_York", master=True),
    realm_id="9341450000000001",
    account="harbor-office-key",
    payments=160,
)
MESA: Final = DemoPractice(
    practice_id="mesa-smiles",
    name="Mesa Smiles (Phoenix): Open Dental, gross, daily 18:00",
    settings=PracticeSettings(
        zone="America/Phoenix",
        master=True,
        amount=AmountMode.GROSS,
        timing=Timing.DAILY,
        cut_off=time(18, 0),
        types=TypeModes(collection=Mode.OFF),
    ),
    realm_id="9341450000000002",
    account="mesa-office-key",
    payments=120,
)
LAKESIDE: Final = DemoPractice(
    practice_id="lakeside-family",
    name="Lakeside Family (Chicago): Open Dental, net, instant, broken mapping",
    settings=PracticeSettings(zone="America/Chicago", master=True, types=TypeModes(terminal=Mode.MANUAL)),
    realm_id="9341450000000003",
    account="lakeside-office-key",
    payments=60,
    broken_mapping=True,
)
PRAIRIE: Final = DemoPractice(
    practice_id="prairie-dental",
    name="Prairie Dental (Denver, from 10:05): Dentrix by NexHealth, net, instant",
    settings=PracticeSettings(zone="America/Denver", master=True, membership_booking=MembershipBooking.PAYMENT_ONLY),
    realm_id="9341450000000004",
    account="prairie-nexhealth-key",
    system=System.DENTRIX,
    payments=30,
    opens=time(10, 5),
)
"""Opens when it is noon in New York: what a killed poster had marked and not sent to NexHealth would be a person's."""
SUMMIT: Final = DemoPractice(
    practice_id="summit-ortho",
    name="Summit Orthodontics (New York): Cloud9 by a connector, gross, daily 18:00, takes entries from 00:00 UTC",
    settings=PracticeSettings(
        zone="America/New_York",
        master=True,
        amount=AmountMode.GROSS,
        timing=Timing.DAILY,
        cut_off=time(18, 0),
        membership_booking=MembershipBooking.PAYMENT_ONLY,
    ),
    realm_id="9341450000000005",
    account="summit-office",
    system=System.CLOUD9,
    payments=10,
)
"""Few payments: that system is asked once a second."""
JUNIPER: Final = DemoPractice(
    practice_id="juniper-dental",
    name="Juniper Dental (Chicago): no practice system, its people enter from the work list, net",
    settings=PracticeSettings(zone="America/Chicago", master=True, membership_booking=MembershipBooking.PAYMENT_ONLY),
    realm_id="9341450000000006",
    account="",
    system=System.NONE,
    payments=20,
)
PRACTICES: Final = (HARBOR, MESA, LAKESIDE, PRAIRIE, SUMMIT, JUNIPER)
