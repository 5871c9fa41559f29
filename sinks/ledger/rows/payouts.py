"""Rows of what payouts stand for: their items, what differs, and what practices are told once."""

from __future__ import annotations

from datetime import datetime

import msgspec

from schemas.events import PayoutCategory
from schemas.vocabulary import DifferenceEnd, DifferenceKind


class StandingItemRow(msgspec.Struct, frozen=True):
    """Table `standing_items`: what a payout that stands carries of one money, to be compared or compared."""

    practice_id: str
    category: PayoutCategory
    subject: str
    payout_id: str
    source: str
    version: int
    since: int
    payment_id: str | None
    gross_minor: int
    fee_minor: int
    fee_apart: bool
    compared: bool


class PayoutDifferenceRow(msgspec.Struct, frozen=True):
    """Table `payout_differences`: what the bank says otherwise, and how that ended."""

    practice_id: str
    number: int
    kind: DifferenceKind
    category: PayoutCategory
    subject: str
    payout_id: str
    payment_id: str | None
    other_payout_id: str | None
    currency: str
    reported_minor: int | None
    paid_minor: int | None
    found_at: datetime
    ended_at: datetime | None
    ended_as: DifferenceEnd | None
    ended_by: str | None
    why: str | None


class PayoutNewsRow(msgspec.Struct, frozen=True):
    """Table `payout_news`: what a practice is told once, ever."""

    practice_id: str
    kind: str
    subject: str
    first_at: datetime


class PayoutWatchRow(msgspec.Struct, frozen=True):
    """Table `payout_watch`: how far a practice's payments were looked through for those that are in no payout."""

    practice_id: str
    first_payout_at: datetime
    looked_through: int
    next_look_at: datetime
