"""Entries that a switch skipped when they happened, and which of them a backfill may post (E-9 d). Judging is pure."""

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
from sinks.operations.queries.read_rows import Connection

BY_SWITCH: Final = frozenset({DecisionReason.TYPE_OFF, DecisionReason.MASTER_OFF})
ON_REQUEST: Final = frozenset(
    {DecisionReason.COMPANION_OFF, DecisionReason.NO_CONNECTION, DecisionReason.NOTES_OFF, DecisionReason.OFFBOARDED}
)
"""Skipped for another reason than a switch: only what somebody asks for by name."""
PAGE: Final = 50
"""Events of one transaction: the practice's lock is held for a fraction of a second."""
QUERIES: Final = named_queries("sinks.operations.queries", "backfill.sql")


class Kept(StrEnum):
    """Why entries stay skipped although they were asked for."""

    NEWER_VERSION = "a later version of it was told"
    VOIDED = "it was voided"
    BOOKED_BY_HAND = "what reverses it was booked by hand: decide this one by hand too"
    FEE_UNKNOWN = "its fee is not known, so its net is not either"
    FEE_TOLD_ANEW = "its fee was told anew since, so its net is another than was planned: a person posts it"
    NET_NOT_POSITIVE = "its fee eats it: a person posts it"
    BY_CLAIM = "insurance is decided claim by claim, by a person"
    NOT_CONNECTED = "the practice has no such connection"
    NOT_BY_THIS_ROUTE = "the practice's connection cannot write it"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
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


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One told payment, and what would become of its entries."""

    source: str
    event_id: str
    subject: str
    event_type: str
    occurred_at: datetime
    moves: tuple[Skipped, ...]
    """Would be due at once; reversals of it come last."""
    kept: Kept | None = None


class Way(msgspec.Struct, frozen=True):
    """A connection in use."""

    connection_id: str
    kinds: frozenset[EntryKind]


Ways = dict[Target, Way]


def skipped_page(connection: Connection, wanted: Wanted, ways: Ways, after: tuple[str, str]) -> list[Item]:
    """The next payments after `(source, event_id)`, at most PAGE. Blocks for one statement."""
    rows = connection.execute(
        QUERIES["candidates"],
        {
            "practice_id": wanted.practice_id,
            "since": wanted.since,
            "until": wanted.until,
            "kind": wanted.kind,
            "reasons": sorted(wanted.reasons),
            "after_source": after[0],
            "after_event": after[1],
            "most": PAGE,
        },
    ).fetchall()
    return [_item(row, ways) for row in rows]


def _item(row: Sequence[Any], ways: Ways) -> Item:
    newer, voided, by_hand, amount_mode = row[5:9]
    entries = msgspec.convert(row[9], list[Skipped])
    writable = [each for each in entries if each.target in ways and each.entry_kind in ways[each.target].kinds]
    kept = _kept(
        entries,
        writable,
        ways,
        newer=newer,
        voided=voided,
        by_hand=by_hand,
        net=amount_mode == AmountMode.NET,
        fee_anew=row[11],
    )
    reversals = msgspec.convert(row[10], list[Skipped]) if kept is None else []
    moves = (*writable, *(each for each in reversals if each.target in ways)) if kept is None else ()
    return Item(
        source=row[0],
        event_id=row[1],
        subject=row[2],
        event_type=row[3],
        occurred_at=row[4],
        moves=moves,
        kept=kept,
    )


def _kept(
    entries: Sequence[Skipped],
    writable: Sequence[Skipped],
    ways: Ways,
    *,
    newer: bool,
    voided: bool,
    by_hand: bool,
    net: bool,
    fee_anew: bool,
) -> Kept | None:
    """Why a whole payment stays as it is; a companion is nothing without its payment."""
    payments = [each for each in entries if each.entry_kind is EntryKind.PAYMENT]
    if newer:
        return Kept.NEWER_VERSION
    if voided:
        return Kept.VOIDED
    if by_hand:
        return Kept.BOOKED_BY_HAND
    if any(each.entry_kind in INSURANCE_KINDS or each.payment_kind is PaymentKind.INSURANCE for each in entries):
        return Kept.BY_CLAIM
    if net and any(not each.fee_known for each in payments):
        return Kept.FEE_UNKNOWN
    if net and payments and fee_anew:
        return Kept.FEE_TOLD_ANEW
    if any(each.amount_minor <= 0 for each in payments):
        return Kept.NET_NOT_POSITIVE
    if not any(each.target in ways for each in entries):
        return Kept.NOT_CONNECTED
    unwritable = {each.entry_kind for each in entries} - {each.entry_kind for each in writable}
    return Kept.NOT_BY_THIS_ROUTE if unwritable - CHARGES else None


def ways_of(connection: Connection, practice_id: str) -> Ways:
    """The connections that a practice uses today, and what each can write (E-9 b)."""
    rows = connection.execute(QUERIES["connections"], {"practice_id": practice_id}).fetchall()
    return {Target(row[0]): Way(row[1], entry_kinds(row[2])) for row in rows}
