"""Settings per type of payment: mode and timing (SET-2, C3)."""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.events import MembershipAction, PaymentKind
from schemas.practice_settings.choices import Timing, TypeMode

_MODE_FIELDS: Final = {
    PaymentKind.TERMINAL: "terminal",
    PaymentKind.PAYMENT_PLAN: "payment_plan",
    PaymentKind.INSURANCE: "insurance",
    PaymentKind.MEMBERSHIP: "membership",
    PaymentKind.COLLECTION: "collection",
}
"""UNKNOWN is refused by `schemas.validation.events`."""


class TypeModes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """AUTO, MANUAL or OFF per type (SET-2). Every kind of the contract has a field."""

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
    """The timing of each type; None follows the practice's (C3: collections at once, terminals daily)."""

    terminal: Timing | None = None
    payment_plan: Timing | None = None
    insurance: Timing | None = None
    membership: Timing | None = None
    collection: Timing | None = None

    def of(self, kind: PaymentKind) -> Timing | None:
        timing: Timing | None = getattr(self, _MODE_FIELDS[kind])
        return timing
