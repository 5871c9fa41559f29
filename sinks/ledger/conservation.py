"""The ledger as numbers: counts per state, and whether all money that came in is accounted for (I1, I5).

Reports, not hot paths: they read whole tables of a practice, on a replica where there is one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.codec import EVENTS_BY_NAME, decode_event
from schemas.events import Event, MoneyFields, PayoutPaid
from schemas.topics import STREAM_TOPICS
from schemas.vocabulary import DEAD, SKIPPED, State, Target
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all

_SQL: Final = named_queries("sinks.ledger", "conservation.sql")

Connection = psycopg.Connection[TupleRow]


class Bucket(StrEnum):
    """Where money is (I5)."""

    POSTED = "posted"
    BY_HAND = "by_hand"
    SKIPPED = "skipped"
    VOIDED = "voided"
    DISMISSED = "dismissed"
    DEAD = "dead"
    WAITING = "waiting"


_BUCKETS: Final = (
    {State.POSTED: Bucket.POSTED, State.RECORDED_MANUALLY: Bucket.BY_HAND, State.DISMISSED: Bucket.DISMISSED}
    | {State.VOIDED_BEFORE_POST: Bucket.VOIDED}
    | dict.fromkeys(SKIPPED, Bucket.SKIPPED)
    | dict.fromkeys(DEAD, Bucket.DEAD)
)


def bucket_of(state: State) -> Bucket:
    """Where the money of an effect in `state` is; everything that is not settled is waiting. Pure."""
    return _BUCKETS.get(state, Bucket.WAITING)


class StateCount(msgspec.Struct, frozen=True):
    practice_id: str
    target: Target
    state: State
    currency: str
    count: int
    minor: int


class WaitingCount(msgspec.Struct, frozen=True):
    """Events that have no effects yet."""

    practice_id: str
    state: State
    reason: str
    count: int


class Account(msgspec.Struct, kw_only=True):
    """A practice's money at one target, in minor units: what the stored events say came in, and where it is."""

    practice_id: str
    target: Target
    money_in: int = 0
    buckets: dict[Bucket, int] = msgspec.field(default_factory=lambda: dict.fromkeys(Bucket, 0))

    @property
    def balanced(self) -> bool:
        """I5: to the cent."""
        return self.money_in == sum(self.buckets.values())


class _ReportedMoney(msgspec.Struct, frozen=True):
    """An event that reports money, and what became of its entries."""

    practice_id: str
    event_type: str
    waiting: State | None
    applied: bool
    original: bytes
    minor_by_state: dict[State, int]


class _EventKey(msgspec.Struct, frozen=True):
    practice_id: str
    source: str
    event_id: str


def state_counts(connection: Connection, practice_id: str | None = None) -> list[StateCount]:
    """Effects by practice, target and state."""
    return fetch_all(connection, StateCount, _SQL["state_counts"], {"practice_id": practice_id})


def waiting_counts(connection: Connection, practice_id: str | None = None) -> list[WaitingCount]:
    """Events that wait, by practice and reason."""
    return fetch_all(connection, WaitingCount, _SQL["waiting_counts"], {"practice_id": practice_id})


def accounts(connection: Connection, practice_id: str | None = None) -> list[Account]:
    """I5, from the original bytes of the events on one side and from the effects on the other."""
    found: dict[tuple[str, Target], Account] = {}
    for event in fetch_all(connection, _ReportedMoney, _SQL["reported_money"], {"practice_id": practice_id}):
        topic = STREAM_TOPICS[EVENTS_BY_NAME[event.event_type].stream]
        target, minor = reported_money(decode_event(topic, event.original))
        key = (event.practice_id, target)
        account = found.setdefault(key, Account(practice_id=event.practice_id, target=target))
        account.money_in += minor
        if event.waiting is not None:
            account.buckets[Bucket.WAITING] += minor
        elif event.applied:
            # Voided or corrected while it waited: it has no entries and never will (R-7, E-11).
            account.buckets[Bucket.VOIDED] += minor
        for state, amount in event.minor_by_state.items():
            account.buckets[bucket_of(state)] += amount
    return [found[key] for key in sorted(found)]


def reported_money(event: Event) -> tuple[Target, int]:
    """What an event says came in, and at which target it has to show: what counts toward the balance (N-4), or the
    bank line of a payout (P-5). Pure."""
    if isinstance(event, PayoutPaid):
        return Target.QUICKBOOKS, event.net_minor
    if isinstance(event, MoneyFields):
        return Target.PMS, event.gross_minor - event.surcharge_minor
    return Target.PMS, 0


def violations(connection: Connection) -> list[str]:
    """What breaks I1 or I5, in words with ids only; empty for a sound ledger."""
    found = [
        f"{event.practice_id} {event.source} {event.event_id}: {problem}"
        for name, problem in (
            ("unaccounted", "resolved without effects, or effects without being resolved"),
            ("without_receipt", "stored without a receipt"),
        )
        for event in fetch_all(connection, _EventKey, _SQL[name])
    ]
    found += [
        f"{each.practice_id} {each.target}: {each.money_in} came in, {sum(each.buckets.values())} accounted for"
        for each in accounts(connection)
        if not each.balanced
    ]
    return found
