"""Reads the review of a day or a week: the ledger's sums, the mirror of the PMS, the payouts, and the signatures."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_value
from sinks.operations.ledger import Connection, Ledger
from sinks.operations.queries.calendar import Calendar, calendar_of
from sinks.operations.queries.practices import check_practice
from sinks.operations.queries.sums import KindSum, all_sums
from sinks.operations.queries.transaction_filter import Wanted
from sinks.operations.queries.transactions import DayCheck
from sinks.operations.reconcile.bridge import Joint
from sinks.operations.reconcile.run import Reconciled, reconcile_practice
from sinks.operations.reconcile.totals import Span
from sinks.operations.review.figures import (
    DayStatus,
    Figures,
    Found,
    FoundSum,
    InPms,
    Review,
    SignedDay,
    SignOff,
    changes_between,
    check_of,
    lines_of,
)
from sinks.operations.roles import View
from sinks.operations.viewing import sees

SQL: Final = named_queries("sinks.operations.review", "review.sql")
_A_DAY: Final = timedelta(days=1)


class _Stored(msgspec.Struct, frozen=True):
    day: date
    signed_by: str
    signed_at: datetime
    why: str
    complete: bool
    figures: Figures


@sees(View.TRANSACTIONS)
def review_day(ledger: Ledger, practice_id: str, day: date) -> Review:
    """One day, with its signature. Reads only; blocks for some statements. ConfigurationError for no such practice."""
    check_practice(ledger.connection, practice_id)
    calendar = calendar_of(ledger.connection, practice_id)
    review = _review(ledger, calendar, practice_id, day, day)
    signed = signatures(ledger.connection, practice_id, day, day).get(day)
    changes = () if signed is None else changes_between(signed.figures, review.figures)
    return msgspec.structs.replace(review, status=_status(signed, changes), signed=signed, changes=changes)


@sees(View.TRANSACTIONS)
def review_week(ledger: Ledger, practice_id: str, day: date) -> Review:
    """The practice's own week that holds `day`, as one, with each day's signature. Blocks, a day at a time."""
    check_practice(ledger.connection, practice_id)
    calendar = calendar_of(ledger.connection, practice_id)
    first, last = calendar.week_of(day)
    signed = signatures(ledger.connection, practice_id, first, last)
    days: list[SignedDay] = []
    for n in range((last - first).days + 1):
        each = first + n * _A_DAY
        figures, check = figures_of(ledger.connection, calendar, practice_id, each)
        changes = changes_between(signed[each].figures, figures) if each in signed else ()
        by = signed[each].signed_by if each in signed else None
        status = _status(signed.get(each), changes)
        days.append(SignedDay(day=each, status=status, signed_by=by, check=check))
    return msgspec.structs.replace(
        _review(ledger, calendar, practice_id, first, last), days=tuple(days), status=_of(days)
    )


def figures_of(connection: Connection, calendar: Calendar, practice_id: str, day: date) -> tuple[Figures, DayCheck]:
    """What a signature of the day stands for, and whether it is complete. Blocks for some statements."""
    sums = _sums(connection, practice_id, day, day)
    return _figures(sums, _found(connection, calendar, practice_id, day, day)), check_of(sums)


def signatures(connection: Connection, practice_id: str, first: date, last: date) -> dict[date, SignOff]:
    """The newest of each day. Blocks for one statement."""
    parameters = {"practice_id": practice_id, "from_day": first, "to_day": last}
    stored = fetch_all(connection, _Stored, SQL["newest"], parameters)
    return {each.day: SignOff(**msgspec.structs.asdict(each)) for each in stored}


def _review(ledger: Ledger, calendar: Calendar, practice_id: str, first: date, last: date) -> Review:
    connection = ledger.connection
    sums = _sums(connection, practice_id, first, last)
    found = _found(connection, calendar, practice_id, first, last)
    days: dict[str, Any] = {"practice_id": practice_id, "from_day": first, "to_day": last}
    money = reconcile_practice(ledger, practice_id, first, last, Span.DAY)
    return Review(
        practice_id=practice_id,
        from_day=first,
        to_day=last,
        zone=calendar.zone,
        currency=money.currency,
        check=check_of(sums),
        figures=_figures(sums, found),
        in_pms=tuple(fetch_all(connection, InPms, SQL["in_pms"], days)),
        found=found,
        read_at=fetch_value(connection, SQL["read_at"], days),
        pms_minor=money.pms_minor,
        reported_minor=money.reported_minor,
        bank_minor=money.bank_minor,
        in_transit_minor=money.in_transit_minor,
        causes=_to_the_bank(money),
        status=DayStatus.OPEN,
        signed=None,
    )


def _to_the_bank(money: Reconciled) -> tuple[Any, ...]:
    return tuple(each for each in money.causes if each.joint is not Joint.BANK_TO_QUICKBOOKS)


def _sums(connection: Connection, practice_id: str, first: date, last: date) -> tuple[KindSum, ...]:
    return all_sums(connection, Wanted(practice_id=practice_id, from_day=first, to_day=last))


def _found(
    connection: Connection, calendar: Calendar, practice_id: str, first: date, last: date
) -> tuple[FoundSum, ...]:
    begins, ends = calendar.bounds(first, last)
    parameters = {"practice_id": practice_id, "from_at": begins, "until_at": ends}
    return tuple(fetch_all(connection, FoundSum, SQL["found"], parameters))


def _figures(sums: tuple[KindSum, ...], found: tuple[FoundSum, ...]) -> Figures:
    there = {each.found: each.entries for each in found}
    return Figures(
        lines=lines_of(sums),
        waiting_events=sum(each.entries for each in sums if each.target is None and each.state.startswith("AWAITING")),
        changed_there=there.get(Found.CHANGED, 0),
        gone_there=there.get(Found.GONE, 0),
    )


def _status(signed: SignOff | None, changes: tuple[str, ...]) -> DayStatus:
    return DayStatus.OPEN if signed is None else DayStatus.REOPENED if changes else DayStatus.SIGNED


def _of(days: list[SignedDay]) -> DayStatus:
    """Of a week: its worst day's."""
    found = {each.status for each in days}
    return next(each for each in (DayStatus.REOPENED, DayStatus.OPEN, DayStatus.SIGNED) if each in found)
