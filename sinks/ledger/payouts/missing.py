"""Finds payments that are in no payout, `payout_days` banking days after they came (P-23).

A practice's payments are walked through once, by the ids of their entries, so the work is what is new and no index more
is kept. Nothing is missing before the practice's first payout.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.bookkeeping.banking_days import banking_days_before
from schemas.codec import EVENTS_BY_NAME, decode_event
from schemas.events import MoneyFields, PayoutCategory
from schemas.practice_settings import PracticeSettings
from schemas.topics import STREAM_TOPICS
from schemas.vocabulary import DifferenceEnd, DifferenceKind
from schemas.writebacks import MoneyKind
from sinks.ledger.intake.batch_context import Policy
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_one, fetch_value, fetch_values
from sinks.ledger.rows.payouts import PayoutWatchRow
from sinks.ledger.unit_of_work import UnitOfWork, unit_of_work
from streams.runtime.clock import Clock

SQL: Final = named_queries("sinks.ledger.payouts", "missing.sql")
_COMPARE: Final = named_queries("sinks.ledger.payouts", "compare.sql")

PAGE: Final = 500
"""Entries of one look; a look that is full is followed by the next at once."""
PRACTICES: Final = 20
LOOK_EVERY: Final = timedelta(hours=1)
"""What is due changes once a day; an hour is the delay that a restart of everything may add."""
MIDNIGHT: Final = time()


class _Candidate(msgspec.Struct, frozen=True):
    """An entry of the walk, with the event that it books."""

    effect_id: int
    source: str
    subject: str
    kind: MoneyKind
    occurred_at: datetime
    received_at: datetime
    event_type: str
    original: bytes | None
    paid_out: bool
    voided: bool
    told: bool


class MissingPayments:
    """Looks for them, practice by practice; each look is under the practice's lock. Not for two threads."""

    def __init__(self, connection: psycopg.Connection[TupleRow], policy: Policy, clock: Clock) -> None:
        self._connection = connection
        self._policy = policy
        self._clock = clock

    def run(self) -> int:
        """The practices whose time has come; returns how many payments were found. Blocks for some statements."""
        wanted = {"now": self._clock.for_database(), "most": PRACTICES}
        return sum(self._look(each) for each in fetch_values(self._connection, SQL["due"], wanted))

    def _look(self, practice_id: str) -> int:
        with unit_of_work(
            self._connection, practice_id, clock=self._clock, jitter_s=self._policy.jitter_s, added=False
        ) as unit:
            key = {"practice_id": practice_id, "now": unit.at}
            self._end_paid(unit)
            watch = fetch_one(unit.cursor, PayoutWatchRow, SQL["watch"], key)
            body = fetch_value(unit.cursor, SQL["in_force"], key)
            if watch is None or body is None:
                return 0
            settings = msgspec.json.decode(body, type=PracticeSettings)
            page = fetch_all(unit.cursor, _Candidate, SQL["page"], key | {"after": watch.looked_through, "most": PAGE})
            due = _due_before(settings, unit.at)
            ready = _until_first_young(page, due)
            by_payment = {each.subject: each for each in ready if _is_missing(each, watch.first_payout_at)}
            missing = list(by_payment.values())
            self._store(unit, missing, settings)
            full = len(ready) == PAGE
            unit.cursor.execute(
                SQL["looked"],
                key
                | {
                    "after": ready[-1].effect_id if ready else watch.looked_through,
                    "next": unit.at if full else unit.at + LOOK_EVERY,
                },
            )
        return len(missing)

    def _end_paid(self, unit: UnitOfWork) -> None:
        numbers = fetch_values(unit.cursor, SQL["paid_since"], {"practice_id": unit.practice_id})
        if numbers:
            ended = {"numbers": numbers, "ended_as": DifferenceEnd.UPSTREAM, "now": unit.at}
            unit.cursor.execute(_COMPARE["end"], {"practice_id": unit.practice_id} | ended)

    def _store(self, unit: UnitOfWork, missing: Sequence[_Candidate], settings: PracticeSettings) -> None:
        if not missing:
            return
        key = {"practice_id": unit.practice_id}
        last = int(fetch_value(unit.cursor, _COMPARE["last_number"], key))
        for number, each in enumerate(missing, start=last + 1):
            unit.cursor.execute(
                _COMPARE["add"],
                key
                | {
                    "number": number,
                    "kind": DifferenceKind.MISSING_FROM_PAYOUT,
                    "category": PayoutCategory.CHARGE,
                    "subject": each.subject,
                    "payout_id": "",
                    "payment_id": each.subject,
                    "other_payout_id": None,
                    "currency": settings.currency,
                    "reported_minor": _money(each).gross_minor,
                    "paid_minor": None,
                    "now": unit.at,
                },
            )


def _due_before(settings: PracticeSettings, now: datetime) -> datetime:
    """What came before this instant should be in a payout."""
    zone = settings.time_zone()
    today = now.astimezone(zone).date()
    last = banking_days_before(today, settings.payout_days, settings.holidays)
    return datetime.combine(last + timedelta(days=1), MIDNIGHT, zone)


def _until_first_young(page: Sequence[_Candidate], due: datetime) -> Sequence[_Candidate]:
    """The walk waits at the first payment whose time has not passed: it is looked at when that has."""
    for place, each in enumerate(page):
        if each.kind is MoneyKind.PAYMENT and max(each.received_at, each.occurred_at) >= due:
            return page[:place]
    return page


def _is_missing(each: _Candidate, first_payout_at: datetime) -> bool:
    if each.kind is not MoneyKind.PAYMENT or each.original is None or each.occurred_at < first_payout_at:
        return False
    if each.paid_out or each.voided or each.told:
        return False
    money = _money(each)
    return money.gross_minor > 0 and not money.settled_outside


def _money(each: _Candidate) -> MoneyFields:
    event = decode_event(STREAM_TOPICS[EVENTS_BY_NAME[each.event_type].stream], each.original or b"")
    if not isinstance(event, MoneyFields):
        raise TypeError(f"{each.event_type} reports no payment")
    return event
