"""A practice's settings as effective-dated versions (E-8, laws 14, 15); import them from here.

`choices` holds the values of the fields, `per_type` and `blackout` the fields with parts, `settings` one version with
its validation, `versions` who saved it and from when it is in force.
"""

from __future__ import annotations

from schemas.practice_settings.blackout import Blackout
from schemas.practice_settings.choices import (
    WORKING_WEEK,
    Allocation,
    AmountMode,
    ClosedPeriod,
    DisputeBooking,
    FamilyBooking,
    FeeAdjustment,
    LedgerDate,
    MembershipBooking,
    PracticeStatus,
    RefundBeforePost,
    RefundWithoutCompanion,
    SettingsError,
    Timing,
    TypeMode,
    UnattachedInsurance,
    Weekday,
)
from schemas.practice_settings.per_type import TypeModes, TypeTimings
from schemas.practice_settings.settings import WITHOUT_CENTS, PracticeSettings, available_zones
from schemas.practice_settings.versions import SettingsHistory, SettingsVersion

__all__ = [
    "WITHOUT_CENTS",
    "WORKING_WEEK",
    "Allocation",
    "AmountMode",
    "Blackout",
    "ClosedPeriod",
    "DisputeBooking",
    "FamilyBooking",
    "FeeAdjustment",
    "LedgerDate",
    "MembershipBooking",
    "PracticeSettings",
    "PracticeStatus",
    "RefundBeforePost",
    "RefundWithoutCompanion",
    "SettingsError",
    "SettingsHistory",
    "SettingsVersion",
    "Timing",
    "TypeMode",
    "TypeModes",
    "TypeTimings",
    "UnattachedInsurance",
    "Weekday",
    "available_zones",
]
