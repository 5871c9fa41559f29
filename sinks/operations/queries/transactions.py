"""What became of each event: its entries, why they are as they are, and each attempt with its answer (guarantee 3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from schemas.events import PayoutFailed, PayoutPaid
from schemas.vocabulary import BOOKED, NOT_BOOKED, State
from sinks.operations.queries.read_rows import Connection, read
from sinks.operations.queries.totals import About, Standing, Totals, totals_of, totals_with

PAYOUTS: Final = frozenset({PayoutPaid.__name__, PayoutFailed.__name__})


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Filters; None = all. Days are civil dates in each practice's own zone, both ends included."""

    practice_id: str | None = None
    states: tuple[State, ...] | None = None
    standings: tuple[Standing, ...] = ()
    """With `states`: what has one of either."""
    payment: str | None = None
    """The upstream's id of the payment or payout, or the event's id."""
    from_day: date | None = None
    to_day: date | None = None
    most: int = 200


class Transaction(msgspec.Struct, frozen=True):
    """An entry, or an event that has none. No patient reference: this is for screens (H-21, H-22)."""

    practice_id: str
    source: str
    event_id: str
    event_type: str
    subject: str
    occurred_at: datetime
    day: date
    effect_id: int | None
    target: str | None
    entry_kind: str | None
    part: str | None
    state: str
    reason: str
    settings_version: int | None
    amount_minor: int | None
    currency: str | None
    due_at: datetime | None
    late: bool
    external_id: str | None
    posted_at: datetime | None
    attempts: int | None
    redrives: int | None
    last_code: str | None
    about: str
    """The payment or payout that it belongs to: for a refund, the payment."""
    standing: Standing | None = None
    """Of that payment or payout as a whole."""


class Listing(msgspec.Struct, frozen=True):
    """What matched, and whether there is more than was asked for."""

    transactions: tuple[Transaction, ...]
    more: bool
    totals: tuple[Totals, ...] = ()
    """Of every payment and payout that is shown and has entries."""


class EventFacts(msgspec.Struct, frozen=True):
    practice_id: str
    source: str
    event_id: str
    event_type: str
    subject: str
    kind: str
    version: int
    occurred_at: datetime
    received_at: datetime
    waiting: str | None
    reason: str
    applied: bool
    resolved_at: datetime | None
    settings_version: int | None
    superseded_by: str | None
    about: str
    topic_id: str
    part: int
    off: int
    topic: str | None


class EntryFacts(msgspec.Struct, frozen=True):
    effect_id: int
    target: str
    entry_kind: str
    part: str
    state: str
    reason: str
    settings_version: int | None
    amount_minor: int
    currency: str
    ledger_date: date
    due_at: datetime
    late: bool
    generation: int
    request_id: str
    look_first: bool
    attempts: int
    redrives: int
    last_code: str | None
    external_id: str | None
    posted_at: datetime | None
    depends_on: int | None
    connection_id: str | None
    gross_minor: int | None
    fee_minor: int | None
    surcharge_minor: int | None


class AttemptFacts(msgspec.Struct, frozen=True):
    effect_id: int
    n: int
    phase: str
    epoch: int
    generation: int
    began_at: datetime | None
    ended_at: datetime
    answer: str
    reason: str | None
    code: str | None
    external_ids: list[str]
    late: bool


class ReceiptFacts(msgspec.Struct, frozen=True):
    topic_id: str
    part: int
    off: int
    verdict: str


class Story(msgspec.Struct, frozen=True):
    """One event from its record to its last attempt."""

    event: EventFacts
    entries: tuple[EntryFacts, ...]
    attempts: tuple[AttemptFacts, ...]
    receipts: tuple[ReceiptFacts, ...]
    totals: Totals | None = None
    """Of the payment or payout that it belongs to."""


class DayCheck(msgspec.Struct, frozen=True):
    """VER-2, VER-5: is everything of the range in the books?"""

    counted: int
    settled: int
    not_counted: int

    @property
    def complete(self) -> bool:
        return self.settled == self.counted


def list_transactions(connection: Connection, wanted: Wanted) -> Listing:
    """What matches, in the order in which it happened, at most `wanted.most`, with the totals of what is shown.

    Blocks for two statements, three where a standing is asked for.
    """
    chosen = totals_with(connection, wanted.practice_id, wanted.standings) if wanted.standings else []
    states = () if wanted.states is None and wanted.standings else wanted.states
    parameters = {
        "practice_id": wanted.practice_id,
        "states": None if states is None else [state.value for state in states],
        "in_practices": [each.practice_id for each in chosen],
        "in_sources": [each.source for each in chosen],
        "in_subjects": [each.subject for each in chosen],
        "payment": wanted.payment,
        "from_day": wanted.from_day,
        "to_day": wanted.to_day,
        "most": wanted.most + 1,
    }
    found = read(connection, "transactions", Transaction, parameters)
    shown = found[: wanted.most]
    totals = totals_of(connection, {_about(each) for each in shown})
    standing = {(each.about, each.of_payout): each.standing for each in totals}
    return Listing(
        tuple(
            msgspec.structs.replace(each, standing=standing.get((_about(each), each.event_type in PAYOUTS)))
            for each in shown
        ),
        len(found) > wanted.most,
        tuple(totals),
    )


def _about(each: Transaction) -> About:
    return (each.practice_id, each.source, each.about)


def stories(connection: Connection, practice_id: str, sought: str) -> list[Story]:
    """Every event of the practice with this event id, payment or payout id, or entry number; empty if there is none.

    A payment's or payout's id finds what happened to it later, too.
    """
    found = []
    events = read(connection, "event_facts", EventFacts, {"practice_id": practice_id, "id": sought})
    sums = totals_of(connection, {(practice_id, event.source, event.about) for event in events})
    totals = {(each.source, each.subject, each.of_payout): each for each in sums}
    for event in events:
        key = {"practice_id": practice_id, "source": event.source, "event_id": event.event_id}
        entries = read(connection, "effects_of", EntryFacts, key)
        numbers = {"practice_id": practice_id, "effect_ids": [entry.effect_id for entry in entries]}
        attempts = read(connection, "attempts_of", AttemptFacts, numbers)
        receipts = read(connection, "receipts_of", ReceiptFacts, key)
        mine = totals.get((event.source, event.about, event.event_type in PAYOUTS))
        found.append(Story(event, tuple(entries), tuple(attempts), tuple(receipts), mine))
    return found


def week_of(day: date) -> tuple[date, date]:
    """First and last day of the week that holds `day`; weeks start on Sunday (VER-5)."""
    first = day - timedelta(days=(day.weekday() + 1) % 7)
    return first, first + timedelta(days=6)


def check_day(transactions: Sequence[Transaction]) -> DayCheck:
    """How many of these are in the books (posted or recorded by hand), of those that should be. Pure."""
    not_counted = sum(each.state in NOT_BOOKED for each in transactions)
    settled = sum(each.state in BOOKED for each in transactions)
    return DayCheck(len(transactions) - not_counted, settled, not_counted)
