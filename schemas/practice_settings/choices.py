"""The values that settings fields take, and the error for other values."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class SettingsError(ValueError):
    """Invalid settings; the message names the field and what it takes."""


class TypeMode(StrEnum):
    AUTO = "AUTO"
    MANUAL = "MANUAL"
    OFF = "OFF"


class AmountMode(StrEnum):
    NET = "NET"
    GROSS = "GROSS"


class Timing(StrEnum):
    INSTANT = "INSTANT"
    DAILY = "DAILY"
    ON_CLEAR = "ON_CLEAR"
    """When the money is in the practice's own bank account (T-13, TIM-9)."""


class PracticeStatus(StrEnum):
    ACTIVE = "ACTIVE"
    OFFBOARDED = "OFFBOARDED"
    """A version, never a tombstone: history stays explainable (law 14)."""


class FeeAdjustment(StrEnum):
    AUTO = "AUTO"
    OFF = "OFF"


class Allocation(StrEnum):
    """What a payment is applied to at the PMS (SET-11, ALL-1, ALL-2)."""

    ALLOCATE = "ALLOCATE"
    """Post Payment and Allocate: the oldest open charge first, the rest as prepayment."""
    POST_ONLY = "POST_ONLY"
    BY_HAND = "BY_HAND"
    """The practice allocates each payment itself: AWAITING_ALLOCATION."""


class LedgerDate(StrEnum):
    """The date that an entry carries in the PMS (T-6)."""

    TRANSACTION_DATE = "TRANSACTION_DATE"
    BUSINESS_DATE = "BUSINESS_DATE"


class ClosedPeriod(StrEnum):
    """What happens to an entry whose ledger date is closed (T-9)."""

    HOLD = "HOLD"
    POST_TODAY = "POST_TODAY"
    """With the original date in the note."""
    MANUAL = "MANUAL"


class RefundWithoutCompanion(StrEnum):
    """A refund of a net payment whose fee was never credited (R-5)."""

    MIRROR = "MIRROR"
    """Reverse the share that was posted."""
    CASH = "CASH"
    """The money that left the bank."""


class RefundBeforePost(StrEnum):
    """A refund of a payment that is not posted yet (R-7)."""

    BOTH_ENTRIES = "BOTH_ENTRIES"
    NET_ENTRY = "NET_ENTRY"


class DisputeBooking(StrEnum):
    """Where a dispute is shown while it is open (R-10)."""

    PATIENT_LEDGER = "PATIENT_LEDGER"
    SUSPENSE = "SUSPENSE"
    """At office level: the patient's ledger stays untouched."""


class MembershipBooking(StrEnum):
    """Whether a membership payment brings its charge line (B-1)."""

    CHARGE_AND_PAYMENT = "CHARGE_AND_PAYMENT"
    PAYMENT_ONLY = "PAYMENT_ONLY"


class FamilyBooking(StrEnum):
    """Whose ledger takes a payment for several of a family (G2)."""

    PATIENTS = "PATIENTS"
    GUARANTOR = "GUARANTOR"


class UnattachedInsurance(StrEnum):
    """An insurance payment that names no claim, or too little of it (I-12)."""

    POST = "POST"
    HOLD = "HOLD"


class Weekday(StrEnum):
    """In the order of the week, Monday first, as `date.weekday()` counts."""

    MON = "MON"
    TUE = "TUE"
    WED = "WED"
    THU = "THU"
    FRI = "FRI"
    SAT = "SAT"
    SUN = "SUN"


WORKING_WEEK: Final = (Weekday.MON, Weekday.TUE, Weekday.WED, Weekday.THU, Weekday.FRI)
