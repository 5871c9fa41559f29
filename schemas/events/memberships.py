"""Membership events: paid, cancelled."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import ClassVar

from schemas.events.envelope import Event, Part
from schemas.events.money_fields import MoneyFields


class MembershipAction(StrEnum):
    """What the payment did to the membership; with `membership_by_hand` it decides between automatic and manual
    (ET-9)."""

    NEW = "NEW"
    AUTO_RENEWAL = "AUTO_RENEWAL"
    AUTO_PAY = "AUTO_PAY"
    ONE_TIME = "ONE_TIME"
    MANUAL_RENEWAL = "MANUAL_RENEWAL"
    UNKNOWN = "UNKNOWN"


class Member(Part, frozen=True, kw_only=True):
    """The share of one member, in minor units; members add up to gross − surcharge (B-2)."""

    patient_ref: str
    amount_minor: int


class MembershipPaid(MoneyFields, frozen=True, kw_only=True):
    """A payment for a period of a membership (ET-4)."""

    stream: ClassVar[str] = "memberships"
    membership_id: str
    action: MembershipAction
    members: tuple[Member, ...] = ()
    period_start: date
    period_end: date
    plan_code: str


class MembershipCancelled(Event, frozen=True, kw_only=True):
    """A membership ends on a day. Moves no money: pending postings stay due."""

    stream: ClassVar[str] = "memberships"
    membership_id: str
    effective_on: date
