"""One version of a practice's settings, validated at construction (SET-21)."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from schemas.events import Tender
from schemas.practice_settings.blackout import Blackout, leave_no_time
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
    UnattachedInsurance,
    Weekday,
)
from schemas.practice_settings.per_type import TypeModes, TypeTimings

WITHOUT_CENTS: Final = frozenset(
    "BHD BIF CLF CLP DJF GNF IQD ISK JOD JPY KMF KRW KWD LYD OMR PYG RWF TND UGX UYI UYW VND VUV XAF XOF XPF".split()  # noqa: SIM905
)
"""Currencies of ISO 4217 whose minor unit is not a hundredth: their amounts would be posted wrong by a power of ten."""

_ADJUSTMENT_CODE: Final = re.compile(r"^(CO|PR|OA|PI)-[A-Z0-9]{1,5}$")


class PracticeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields of a version. SettingsError names a field that is invalid.

    `master` is off until somebody switches it on (SET-10, SET-21).
    """

    zone: str
    currency: str = "USD"
    status: PracticeStatus = PracticeStatus.ACTIVE
    master: bool = False
    types: TypeModes = msgspec.field(default_factory=TypeModes)
    amount: AmountMode = AmountMode.NET
    fee_adjustment: FeeAdjustment = FeeAdjustment.AUTO
    timing: Timing = Timing.INSTANT
    cut_off: time = time(18, 0)
    """Local wall time of the daily release; INSTANT practices keep one for the day they switch."""
    timing_by_type: TypeTimings = msgspec.field(default_factory=TypeTimings)
    clear_first: tuple[Tender, ...] = ()
    """Tenders that wait for their funds whatever the timing (T-13, R-11): ACH for most practices that name any."""
    business_days_only: bool = False
    """DAILY releases on working days alone; what happens on others goes with the next one (T-5)."""
    business_days: tuple[Weekday, ...] = WORKING_WEEK
    holidays: tuple[date, ...] = ()
    blackouts: tuple[Blackout, ...] = ()
    """Current value, whatever version decided (E-9 b)."""
    ledger_date: LedgerDate = LedgerDate.TRANSACTION_DATE
    closed_period: ClosedPeriod = ClosedPeriod.HOLD
    """Current value, as the lock date is."""
    late_after_days: int = 30
    """An event older than this on arrival is posted and flagged late (E-10)."""
    allocation: Allocation = Allocation.ALLOCATE
    family: FamilyBooking = FamilyBooking.PATIENTS
    refund_without_companion: RefundWithoutCompanion = RefundWithoutCompanion.MIRROR
    refund_before_post: RefundBeforePost = RefundBeforePost.BOTH_ENTRIES
    disputes: DisputeBooking = DisputeBooking.PATIENT_LEDGER
    membership_booking: MembershipBooking = MembershipBooking.CHARGE_AND_PAYMENT
    write_off_codes: tuple[str, ...] = ("CO-45",)
    """Group and code that are written off by themselves; any other CO holds its claim for review (I-3)."""
    unattached_insurance: UnattachedInsurance = UnattachedInsurance.HOLD
    notes: bool = False
    """A note in the PMS for each payment request; independent of the master switch (NOTE-1, SET-13)."""
    ledger_closed_through: date | None = None
    """Ledger dates up to and including this one are closed (T-12). Current value, whatever version decided."""
    payout_days: int = 5
    """Banking days after which a payment that is in no payout is reported (P-23). Current value."""

    def __post_init__(self) -> None:
        if self.zone not in available_zones():
            raise SettingsError(f"zone: {self.zone!r} is not an IANA time zone such as America/New_York")
        if len(self.currency) != 3 or not self.currency.isascii() or not self.currency.isupper():
            raise SettingsError("currency: three capital letters such as USD")
        if self.currency in WITHOUT_CENTS:
            raise SettingsError(f"currency: {self.currency} has no hundredths, and targets take two decimals")
        if self.cut_off.tzinfo is not None or self.cut_off.second or self.cut_off.microsecond:
            raise SettingsError("cut_off: a local time in whole minutes such as 18:00, without an offset")
        if not self.business_days:
            raise SettingsError("business_days: at least one of MON, TUE, WED, THU, FRI, SAT, SUN")
        if self.blackouts and leave_no_time(self.blackouts):
            raise SettingsError("blackouts: together they cover the whole week, so nothing could ever be posted")
        if not 1 <= self.late_after_days <= 3650:
            raise SettingsError("late_after_days: 1 to 3650 days")
        if not 1 <= self.payout_days <= 60:
            raise SettingsError("payout_days: 1 to 60 banking days")
        for code in self.write_off_codes:
            if not _ADJUSTMENT_CODE.match(code):
                raise SettingsError(f"write_off_codes: {code!r} is not a group and code such as CO-45")

    def time_zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


_ZONES: frozenset[str] | None = None


def available_zones() -> frozenset[str]:
    """The zone names this machine knows, read once: reading them walks the whole tz database."""
    global _ZONES
    if _ZONES is None:
        _ZONES = frozenset(available_timezones())
    return _ZONES
