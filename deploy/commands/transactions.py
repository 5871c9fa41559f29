"""`writeback transactions list|show`: what became of each payment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import Json, Most, Practice, PracticeId
from deploy.commands.printing import print_json, print_table, shown_at, shown_money

if TYPE_CHECKING:
    from schemas.vocabulary import State
    from sinks.operations.queries.totals import PaymentStanding
    from sinks.operations.queries.transactions import Listing, Transaction

app = typer.Typer(no_args_is_help=True, help="Transactions: their states, amounts and reasons.")


@app.command("list")
def list_(
    practice: Practice = None,
    state: Annotated[
        list[str] | None,
        typer.Option("--state", help="Only these states, also REVERSED, PARTIALLY_REVERSED; repeat for several."),
    ] = None,
    day: Annotated[str | None, typer.Option(help="Of this civil day in the practice's zone, like 2026-03-02.")] = None,
    week: Annotated[str | None, typer.Option(help="Of the week (Sunday to Saturday) that holds this day.")] = None,
    payment: Annotated[str | None, typer.Option(help="This payment or payout id, or event id.")] = None,
    most: Most = 200,
    as_json: Json = False,
) -> None:
    """List one row per entry (or per event that has none yet), in the order in which the payments happened."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.parsing import a_day
    from sinks.operations.queries.sums import sums_of
    from sinks.operations.queries.transactions import Wanted, check_day, list_transactions, week_of
    from streams.runtime.errors import ConfigurationError

    if day and week:
        raise ConfigurationError("--day and --week exclude each other")
    first = last = a_day(day, "--day")
    in_week = a_day(week, "--week")
    if in_week is not None:
        first, last = week_of(in_week)
    states, standings = _states(state or [])
    wanted = Wanted(
        practice_id=practice,
        states=states or None,
        standings=standings,
        payment=payment,
        from_day=first,
        to_day=last,
        most=most,
    )
    with open_ledger("transactions") as opened:
        listing = list_transactions(opened.ledger.connection, wanted)
    check = check_day(listing.transactions) if first is not None and not states and not standings else None
    if as_json:
        print_json(
            {
                "transactions": listing.transactions,
                "more": listing.more,
                "check": check,
                "totals": listing.totals,
                "sums": sums_of(listing.transactions),
            }
        )
        return
    _print_listing(listing)
    if check is not None and not listing.more:
        verdict = "complete" if check.complete else "NOT complete"
        print(f"{verdict}: {check.settled} of {check.counted} in the books, {check.not_counted} not to be posted")


@app.command()
def show(
    practice: PracticeId,
    sought: Annotated[str, typer.Argument(metavar="ID", help="Payment, payout or event id, or an entry's number.")],
    as_json: Json = False,
) -> None:
    """Show the whole story of one payment or payout: what `writeback explain ID --practice PRACTICE` shows."""
    from deploy.commands.story_page import show_story

    number = sought.removeprefix("e:")
    show_story(f"e:{number}" if number.isascii() and number.isdecimal() else sought, practice, as_json)


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


def _print_listing(listing: Listing) -> None:
    from collections import Counter

    from sinks.operations.queries.sums import sums_of

    headings = (
        "practice",
        "day",
        "type",
        "payment",
        "entry",
        "what",
        "amount",
        "state",
        "reason",
        "v",
        "due",
        "external",
    )
    print_table("", headings, (_row(each) for each in listing.transactions))
    count = len(listing.transactions)
    print(f"{count} shown{', and there are more: narrow the filters or raise --most' if listing.more else ''}")
    sums = sums_of(listing.transactions)
    for state, number in sorted(Counter(each.state for each in listing.transactions).items()):
        amounts = (f"{x.label} {shown_money(x.amount_minor, x.currency)}" for x in sums if x.state == state)
        print(f"  {state:<22} {number:>6}  {', '.join(amounts)}".rstrip())


def _row(each: Transaction) -> tuple[object, ...]:
    what = "" if each.target is None else f"{each.target} {each.entry_kind}{f' {each.part}' if each.part else ''}"
    return (
        each.practice_id,
        each.day,
        each.event_type,
        each.subject,
        "" if each.effect_id is None else f"e:{each.effect_id}",
        what,
        shown_money(each.amount_minor, each.currency),
        each.state
        + (f" ({each.attempts} tries)" if each.attempts and each.attempts > 1 else "")
        + (f", {each.standing}" if each.standing else ""),
        each.reason + (" late" if each.late else ""),
        each.settings_version,
        shown_at(each.posted_at) or shown_at(each.due_at),
        each.external_id,
    )
