"""Finds entries that a switch skipped when they happened, and which of them a backfill may post (E-9 d)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from schemas.events import PaymentKind
from schemas.practice_settings import AmountMode
from schemas.vocabulary import CHARGES, INSURANCE_KINDS, DecisionReason, EntryKind, Target
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.settings.capabilities import entry_kinds
from sinks.ledger.rows.fetch import fetch_all
from sinks.operations.ledger import Connection

BY_SWITCH: Final = frozenset({DecisionReason.TYPE_OFF, DecisionReason.MASTER_OFF})
ON_REQUEST: Final = frozenset(
    {DecisionReason.COMPANION_OFF, DecisionReason.NO_CONNECTION, DecisionReason.NOTES_OFF, DecisionReason.OFFBOARDED}
)
"""Skipped for another reason than a switch: only what somebody asks for by name."""
PAGE: Final = 50
"""Events of one transaction: the practice's lock is held for a fraction of a second."""
_SQL: Final = named_queries("sinks.operations.queries", "skipped.sql")


class Kept(StrEnum):
    """Why entries stay skipped although they were asked for."""

    NEWER_VERSION = "a later version of it was reported"
    VOIDED = "it was voided"
    IN_TWO_PAYOUTS = "something in it is in an earlier payout that stands"
    BOOKED_BY_HAND = "what reverses it was booked by hand: decide this one by hand too"
    FEE_UNKNOWN = "its fee is not known, so its net is not either"
    FEE_CHANGED = "its fee has changed since, so its net is another than was planned: post it manually"
    NET_NOT_POSITIVE = "the fee is larger than the payment: post it manually"
    BY_CLAIM = "insurance is decided claim by claim, by a person"
    NOT_CONNECTED = "the practice has no such connection"
    NOT_BY_THIS_ROUTE = "the practice's connection cannot write it"


class BackfillWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which payments: by when they happened, `until` excluded."""

    practice_id: str
    since: datetime
    until: datetime
    kind: PaymentKind | None = None
    reasons: frozenset[DecisionReason] = BY_SWITCH


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as the query gives it."""

    effect_id: int
    target: Target
    entry_kind: EntryKind
    part: str
    amount_minor: int
    currency: str
    reason: DecisionReason
    payment_kind: PaymentKind | None
    fee_known: bool


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A payment or payout with skipped entries, and what may forbid to post them now."""

    source: str
    event_id: str
    subject: str
    event_type: str
    occurred_at: datetime
    newer: bool
    """A later version of it stands."""
    voided: bool
    by_hand: bool
    """What reverses it was recorded or dismissed by a person."""
    in_two_payouts: bool
    """A payout with money of an earlier one (P-23)."""
    amount_mode: str | None
    entries: Any
    reversals: Any
    fee_changed: bool


class BackfillItem(msgspec.Struct, frozen=True, kw_only=True):
    """One payment, and what would become of its entries."""

    source: str
    event_id: str
    subject: str
    event_type: str
    occurred_at: datetime
    moves: tuple[Skipped, ...]
    """Would be due at once; reversals of it come last."""
    kept: Kept | None = None


class UsedConnection(msgspec.Struct, frozen=True, kw_only=True):
    """A connection in use, and what it can write."""

    target: str
    connection_id: str
    capabilities: tuple[str, ...] | None


class Way(msgspec.Struct, frozen=True):
    """A connection in use."""

    connection_id: str
    kinds: frozenset[EntryKind]


Ways = dict[Target, Way]


def skipped_page(
    connection: Connection, wanted: BackfillWanted, ways: Ways, after: tuple[str, str]
) -> list[BackfillItem]:
    """The next payments after `(source, event_id)`, at most PAGE. Blocks for one statement."""
    parameters = {
        "practice_id": wanted.practice_id,
        "since": wanted.since,
        "until": wanted.until,
        "kind": wanted.kind,
        "reasons": sorted(wanted.reasons),
        "after_source": after[0],
        "after_event": after[1],
        "most": PAGE,
    }
    return [_judge(each, ways) for each in fetch_all(connection, Candidate, _SQL["candidates"], parameters)]


def _judge(candidate: Candidate, ways: Ways) -> BackfillItem:
    """Which entries would be posted, or why they stay. Pure."""
    entries = msgspec.convert(candidate.entries, list[Skipped])
    writable = [each for each in entries if each.target in ways and each.entry_kind in ways[each.target].kinds]
    kept = _kept(candidate, entries, writable, ways)
    reversals = msgspec.convert(candidate.reversals, list[Skipped]) if kept is None else []
    moves = (*writable, *(each for each in reversals if each.target in ways)) if kept is None else ()
    return BackfillItem(
        source=candidate.source,
        event_id=candidate.event_id,
        subject=candidate.subject,
        event_type=candidate.event_type,
        occurred_at=candidate.occurred_at,
        moves=moves,
        kept=kept,
    )


def _kept(candidate: Candidate, entries: Sequence[Skipped], writable: Sequence[Skipped], ways: Ways) -> Kept | None:
    """Why a whole payment stays as it is; a companion is nothing without its payment."""
    net = candidate.amount_mode == AmountMode.NET
    payments = [each for each in entries if each.entry_kind is EntryKind.PAYMENT]
    if candidate.newer:
        return Kept.NEWER_VERSION
    if candidate.voided:
        return Kept.VOIDED
    if candidate.in_two_payouts:
        return Kept.IN_TWO_PAYOUTS
    if candidate.by_hand:
        return Kept.BOOKED_BY_HAND
    if any(each.entry_kind in INSURANCE_KINDS or each.payment_kind is PaymentKind.INSURANCE for each in entries):
        return Kept.BY_CLAIM
    if net and any(not each.fee_known for each in payments):
        return Kept.FEE_UNKNOWN
    if net and payments and candidate.fee_changed:
        return Kept.FEE_CHANGED
    if any(each.amount_minor <= 0 for each in payments):
        return Kept.NET_NOT_POSITIVE
    if not any(each.target in ways for each in entries):
        return Kept.NOT_CONNECTED
    unwritable = {each.entry_kind for each in entries} - {each.entry_kind for each in writable}
    return Kept.NOT_BY_THIS_ROUTE if unwritable - CHARGES else None


def ways_of(connection: Connection, practice_id: str) -> Ways:
    """The connections that a practice uses today, and what each can write (E-9 b)."""
    used = fetch_all(connection, UsedConnection, _SQL["connections"], {"practice_id": practice_id})
    return {Target(each.target): Way(each.connection_id, entry_kinds(each.capabilities)) for each in used}
