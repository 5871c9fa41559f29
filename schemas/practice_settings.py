"""A practice's settings as effective-dated versions (E-8, law 14, law 15, SET-21)."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from schemas.events import MembershipAction, PaymentKind, Tender


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
    """What becomes of an entry whose ledger date is closed (T-9)."""

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

WITHOUT_CENTS: Final = frozenset(
    "BHD BIF CLF CLP DJF GNF IQD ISK JOD JPY KMF KRW KWD LYD OMR PYG RWF TND UGX UYI UYW VND VUV XAF XOF XPF".split()  # noqa: SIM905
)
"""Currencies of ISO 4217 whose minor unit is not a hundredth: their amounts would be posted wrong by a power of ten."""


_ADJUSTMENT_CODE: Final = re.compile(r"^(CO|PR|OA|PI)-[A-Z0-9]{1,5}$")


class SettingsError(ValueError):
    """Settings that cannot be; the message names the field and what it takes."""


class TypeModes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """AUTO, MANUAL or OFF per type (SET-2). Every kind the contract knows has a field: none falls through."""

    terminal: TypeMode = TypeMode.AUTO
    payment_plan: TypeMode = TypeMode.AUTO
    insurance: TypeMode = TypeMode.AUTO
    membership: TypeMode = TypeMode.AUTO
    membership_by_hand: TypeMode = TypeMode.MANUAL
    """One-time payments and manual renewals (POST-3)."""
    collection: TypeMode = TypeMode.AUTO

    def of(self, kind: PaymentKind, action: MembershipAction | None = None) -> TypeMode:
        """The mode of a type; a membership that is OFF is OFF however it was paid."""
        field = _MODE_FIELDS[kind]
        if field == "membership":
            by_hand = action in (MembershipAction.ONE_TIME, MembershipAction.MANUAL_RENEWAL)
            return self.membership_by_hand if by_hand and self.membership is not TypeMode.OFF else self.membership
        mode: TypeMode = getattr(self, field)
        return mode


class TypeTimings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A timing of its own for a type; None follows the practice's (C3: collections at once, terminals daily)."""

    terminal: Timing | None = None
    payment_plan: Timing | None = None
    insurance: Timing | None = None
    membership: Timing | None = None
    collection: Timing | None = None

    def of(self, kind: PaymentKind) -> Timing | None:
        timing: Timing | None = getattr(self, _MODE_FIELDS[kind])
        return timing


class Blackout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A local time of the day in which nothing is posted (T-8): backup, day close. Half-open; over midnight when
    `ends` is not after `begins`. `days` name the day on which it begins."""

    begins: time
    ends: time
    days: tuple[Weekday, ...] = tuple(Weekday)

    def __post_init__(self) -> None:
        for name, at in (("begins", self.begins), ("ends", self.ends)):
            if at.tzinfo is not None or at.second or at.microsecond:
                raise SettingsError(f"blackouts.{name}: a local time in whole minutes such as 02:00, without an offset")
        if self.begins == self.ends:
            raise SettingsError("blackouts.ends: equal to begins, which would be a whole day; give another time")
        if not self.days:
            raise SettingsError("blackouts.days: at least one of MON, TUE, WED, THU, FRI, SAT, SUN")


_DAY_MINUTES: Final = 24 * 60
_WEEK_MINUTES: Final = 7 * _DAY_MINUTES


def leave_no_time(blackouts: tuple[Blackout, ...]) -> bool:
    """Whether blackouts cover a whole week between them, so that nothing could ever be posted (T-8)."""
    spans = [
        (_minutes(each.begins), (_minutes(each.ends) - _minutes(each.begins)) % _DAY_MINUTES, each.days)
        for each in blackouts
    ]
    if sum(length * len(days) for _, length, days in spans) < _WEEK_MINUTES:
        return False
    dark = {
        (list(Weekday).index(day) * _DAY_MINUTES + begins + minute) % _WEEK_MINUTES
        for begins, length, days in spans
        for day in days
        for minute in range(length)
    }
    return len(dark) == _WEEK_MINUTES


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


_MODE_FIELDS: Final = {
    PaymentKind.TERMINAL: "terminal",
    PaymentKind.PAYMENT_PLAN: "payment_plan",
    PaymentKind.INSURANCE: "insurance",
    PaymentKind.MEMBERSHIP: "membership",
    PaymentKind.COLLECTION: "collection",
}
"""UNKNOWN is refused before it comes here (`schemas.validation`)."""


class PracticeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one version says. Validated at construction: SettingsError names the field.

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
        for code in self.write_off_codes:
            if not _ADJUSTMENT_CODE.match(code):
                raise SettingsError(f"write_off_codes: {code!r} is not a group and code such as CO-45")

    def time_zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


class SettingsVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One saved version. In force from `effective_from` until the next one's (half-open)."""

    version: int
    effective_from: datetime
    saved_at: datetime
    saved_by: str
    reason: str
    settings: PracticeSettings


class SettingsHistory(msgspec.Struct, frozen=True, kw_only=True):
    """A practice's whole history, ascending (law 14): the value of `practice-settings.v1`."""

    practice_id: str
    versions: tuple[SettingsVersion, ...]

    def in_force(self, at: datetime) -> SettingsVersion | None:
        """The version in force at an instant, or None when the practice's first one starts later (E-8)."""
        found = None
        for version in self.versions:
            if version.effective_from > at:
                break
            found = version
        return found

    @property
    def newest(self) -> SettingsVersion | None:
        return self.versions[-1] if self.versions else None


_ZONES: frozenset[str] | None = None


def available_zones() -> frozenset[str]:
    """The zone names this machine knows, read once: reading them walks the whole tz database."""
    global _ZONES
    if _ZONES is None:
        _ZONES = frozenset(available_timezones())
    return _ZONES
