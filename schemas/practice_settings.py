"""A practice's settings as effective-dated versions (E-8, law 14, law 15, SET-21)."""

from __future__ import annotations

from datetime import date, datetime, time
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from schemas.events import MembershipAction, PaymentKind


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


class PracticeStatus(StrEnum):
    ACTIVE = "ACTIVE"
    OFFBOARDED = "OFFBOARDED"
    """A version, never a tombstone: history stays explainable (law 14)."""


class FeeAdjustment(StrEnum):
    AUTO = "AUTO"
    OFF = "OFF"


WITHOUT_CENTS: Final = frozenset(
    "BHD BIF CLF CLP DJF GNF IQD ISK JOD JPY KMF KRW KWD LYD OMR PYG RWF TND UGX UYI UYW VND VUV XAF XOF XPF".split()  # noqa: SIM905
)
"""Currencies of ISO 4217 whose minor unit is not a hundredth: their amounts would be posted wrong by a power of ten."""


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
