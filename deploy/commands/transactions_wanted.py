"""The filters of `writeback transactions list`, from what a person types."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from schemas.vocabulary import State
    from sinks.operations.ledger import Connection
    from sinks.operations.queries.totals import PaymentStanding
    from sinks.operations.queries.transaction_filter import Wanted

States = Annotated[
    list[str] | None,
    typer.Option("--state", help="Only these states, also REVERSED, PARTIALLY_REVERSED; repeat for several."),
]
Day = Annotated[str | None, typer.Option(help="Of this civil day in the practice's zone, like 2026-03-02.")]
Week = Annotated[str | None, typer.Option(help="Of the practice's week that holds this day.")]
Since = Annotated[str | None, typer.Option("--from", metavar="DAY", help="From this day on; with --to.")]
Until = Annotated[str | None, typer.Option("--to", metavar="DAY", help="Until this day, included; with --from.")]
By = Annotated[
    str,
    typer.Option("--date", help="Which day: TRANSACTION, when it happened; POSTED, when it was entered; PAYOUT."),
]
Payment = Annotated[str | None, typer.Option(help="This payment or payout id, or event id.")]
Kinds = Annotated[
    list[str] | None, typer.Option("--kind", help="Only payments of this kind, such as TERMINAL; repeatable.")
]
Tenders = Annotated[
    list[str] | None, typer.Option("--tender", help="Only what was paid like this, such as CARD; repeatable.")
]
Target = Annotated[str | None, typer.Option("--target", help="Only entries at PMS or QUICKBOOKS.")]
Amount = Annotated[
    str | None,
    typer.Option("--amount", metavar="AMOUNT", help="Of this amount, or between two: 120.00, 100.00..150.00."),
]
Patient = Annotated[
    str | None, typer.Option("--patient", help="Of this patient: upstream's name or the number in the system.")
]
Text = Annotated[str | None, typer.Option("--text", help="A part of an id, also of the number at the target.")]


def wanted_of(
    connection: Connection,
    practice: str | None,
    *,
    states: list[str] | None,
    days: tuple[str | None, str | None, str | None, str | None],
    date_of: str,
    payment: str | None,
    kinds: list[str] | None,
    tenders: list[str] | None,
    target: str | None,
    amount: str | None,
    patient: str | None,
    text: str | None,
    most: int,
) -> Wanted:
    """Blocks for two statements where a week is asked for. ConfigurationError names the option that does not fit.

    `days`: --day, --week, --from, --to.
    """
    from schemas.events import PaymentKind, Tender
    from schemas.vocabulary import Target as Place
    from sinks.operations.queries.transaction_filter import DateOf, Wanted
    from streams.runtime.errors import ConfigurationError

    first, last = _days(connection, practice, *days)
    named, standings = _states(states or [])
    low, high = _amounts(amount)
    if text is not None and not text.strip():
        raise ConfigurationError("--text: give a part of an id")
    return Wanted(
        practice_id=practice,
        states=named or None,
        standings=standings,
        payment=payment,
        date_of=DateOf(_named(date_of, DateOf, "--date")),
        from_day=first,
        to_day=last,
        payment_kinds=tuple(PaymentKind(_named(each, PaymentKind, "--kind")) for each in kinds or ()) or None,
        tenders=tuple(Tender(_named(each, Tender, "--tender")) for each in tenders or ()) or None,
        target=None if target is None else Place(_named(target, Place, "--target")),
        low_minor=low,
        high_minor=high,
        patient=patient,
        text=text,
        most=most,
    )


def _named(text: str, known: type[Any], option: str) -> str:
    from deploy.commands.parsing import one_of

    return str(one_of(text, known, option))


def _days(
    connection: Connection,
    practice: str | None,
    day: str | None,
    week: str | None,
    since: str | None,
    until: str | None,
) -> tuple[date | None, date | None]:
    from deploy.commands.parsing import a_day
    from sinks.operations.queries.calendar import Calendar, calendar_of
    from sinks.operations.queries.practices import check_practice
    from streams.runtime.errors import ConfigurationError

    if sum(each is not None for each in (day, week, since or until)) > 1:
        raise ConfigurationError("--day, --week, and --from with --to exclude each other")
    if (since is None) is not (until is None):
        raise ConfigurationError("--from and --to go together")
    if since is not None:
        return a_day(since, "--from"), a_day(until, "--to")
    in_week = a_day(week, "--week")
    if in_week is not None:
        check_practice(connection, practice)
        calendar = Calendar() if practice is None else calendar_of(connection, practice)
        return calendar.week_of(in_week)
    one = a_day(day, "--day")
    return one, one


def _amounts(text: str | None) -> tuple[int | None, int | None]:
    from deploy.commands.parsing import an_amount
    from streams.runtime.errors import ConfigurationError

    if text is None:
        return None, None
    low, between, high = text.partition("..")
    least = an_amount(low, "--amount")
    most = an_amount(high, "--amount") if between else least
    if least < 0 or most < least:
        raise ConfigurationError("--amount: give it without a sign, the smaller one first, like 100.00..150.00")
    return least, most


def _states(given: list[str]) -> tuple[tuple[State, ...], tuple[PaymentStanding, ...]]:
    """Those of entries and those of payments as a whole. Raises ConfigurationError with the nearest name."""
    from schemas.vocabulary import State
    from sinks.operations.queries.totals import PaymentStanding
    from streams.runtime.did_you_mean import nearest
    from streams.runtime.errors import ConfigurationError

    names = [each.upper() for each in given]
    known = [*State.__members__, *PaymentStanding.__members__]
    for name in names:
        if name not in known:
            raise ConfigurationError(f"--state: {name!r} is not known{nearest(name, known)}")
    states = tuple(State(name) for name in names if name in State.__members__)
    return states, tuple(PaymentStanding(name) for name in names if name in PaymentStanding.__members__)
