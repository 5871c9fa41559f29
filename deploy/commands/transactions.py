"""`writeback transactions list|show`: what became of each payment, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.operator_options import (
    Json,
    Most,
    Practice,
    a_day,
    ledger,
    print_json,
    print_table,
    shown_at,
    shown_money,
)

if TYPE_CHECKING:
    from schemas.vocabulary import State
    from sinks.operations.queries.totals import Standing, Totals
    from sinks.operations.queries.transactions import EntryFacts, Listing, Story, Transaction

app = typer.Typer(no_args_is_help=True, help="Look at transactions: their state, amounts, reasons and attempts.")


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
    """One row per entry (or per event that has none yet), in the order in which the payments happened."""
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
    with ledger() as (_, connection):
        listing = list_transactions(connection, wanted)
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
    practice: Annotated[str, typer.Argument(help="The practice's id.")],
    sought: Annotated[str, typer.Argument(metavar="ID", help="Payment, payout or event id, or an entry's number.")],
    as_json: Json = False,
) -> None:
    """Everything about one payment: its event, its entries with their amounts, and each attempt with its answer."""
    from sinks.operations.queries.transactions import stories
    from streams.runtime.errors import Permanent

    with ledger() as (_, connection):
        found = stories(connection, practice, sought.removeprefix("e:"))
    if not found:
        raise Permanent(f"practice {practice} has no event, payment or entry {sought!r}: see `transactions list`")
    if as_json:
        print_json(found)
        return
    for story in found:
        _print_story(story)


def _states(given: list[str]) -> tuple[tuple[State, ...], tuple[Standing, ...]]:
    """Those of entries and those of payments as a whole. Raises ConfigurationError with the nearest name."""
    from schemas.vocabulary import State
    from sinks.operations.queries.totals import Standing
    from streams.runtime.did_you_mean import nearest
    from streams.runtime.errors import ConfigurationError

    names = [each.upper() for each in given]
    known = [*State.__members__, *Standing.__members__]
    for name in names:
        if name not in known:
            raise ConfigurationError(f"--state: {name!r} is not known{nearest(name, known)}")
    states = tuple(State(name) for name in names if name in State.__members__)
    return states, tuple(Standing(name) for name in names if name in Standing.__members__)


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


def _print_story(story: Story) -> None:
    event = story.event
    facts = {
        "event": f"{event.event_type} {event.event_id} from {event.source}",
        "about": f"{event.subject} ({event.kind}, version {event.version})",
        "happened": shown_at(event.occurred_at),
        "received": f"{shown_at(event.received_at)}, {event.topic or event.topic_id} {event.part}@{event.off}",
        "settings": "none" if event.settings_version is None else f"version {event.settings_version}",
        "decision": event.reason,
        "belongs to": event.about if event.about != event.subject else "",
        "waits for": event.waiting or "",
        "replaced by": event.superseded_by or "",
        "records": ", ".join(f"{each.verdict} at {each.part}@{each.off}" for each in story.receipts),
    }
    print_table(f"{event.practice_id}: {event.subject}", ("", ""), ((k, v) for k, v in facts.items() if v))
    if story.totals is not None:
        print(totals_line(story.totals))
    for entry in story.entries:
        _print_entry(entry, story)


def totals_line(totals: Totals) -> str:
    """What stands of a payment or payout, on one line; only what is not nothing."""
    parts = {
        "refunded": totals.refunded_minor,
        "returned": totals.returned_minor,
        "disputed": totals.disputed_minor,
        "taken back": totals.voided_minor,
    }
    said = [f"booked {shown_money(totals.booked_minor, totals.currency)}"]
    said += [f"{name} {shown_money(minor, totals.currency)}" for name, minor in parts.items() if minor]
    said.append(f"remaining {shown_money(totals.remaining_minor, totals.currency)}")
    if totals.open_minor:
        said.append(f"still to be posted {shown_money(totals.open_minor, totals.currency)}")
    return f"{totals.standing or 'totals'}: {', '.join(said)}"


def _print_entry(entry: EntryFacts, story: Story) -> None:
    facts = {
        "amount": shown_money(entry.amount_minor, entry.currency),
        "came about": _came_about(entry),
        "state": entry.state,
        "reason": entry.reason + (f", code {entry.last_code}" if entry.last_code else ""),
        "settings": "" if entry.settings_version is None else f"version {entry.settings_version}",
        "ledger date": str(entry.ledger_date),
        "due": shown_at(entry.due_at) + (" (late)" if entry.late else ""),
        "posted": f"{shown_at(entry.posted_at)} as {entry.external_id}" if entry.posted_at else "",
        "connection": entry.connection_id or "none",
        "request": f"{entry.request_id} (generation {entry.generation})",
        "depends on": "" if entry.depends_on is None else f"e:{entry.depends_on}",
        "redrives": str(entry.redrives) if entry.redrives else "",
    }
    title = f"e:{entry.effect_id} {entry.target} {entry.entry_kind} {entry.part}".rstrip()
    print_table(title, ("", ""), ((k, v) for k, v in facts.items() if v))
    mine = [each for each in story.attempts if each.effect_id == entry.effect_id]
    if mine:
        rows = (
            (
                a.n,
                a.phase,
                shown_at(a.began_at),
                shown_at(a.ended_at),
                a.answer,
                a.reason,
                a.code,
                ", ".join(a.external_ids),
            )
            for a in mine
        )
        print_table("attempts", ("n", "phase", "began", "ended", "answer", "reason", "code", "external ids"), rows)


def _came_about(entry: EntryFacts) -> str:
    if entry.gross_minor is None:
        return ""
    parts = [f"gross {shown_money(entry.gross_minor, entry.currency)}"]
    if entry.fee_minor is not None:
        parts.append(f"fee {shown_money(entry.fee_minor, entry.currency)}")
    if entry.surcharge_minor:
        parts.append(f"surcharge {shown_money(entry.surcharge_minor, entry.currency)}")
    return ", ".join(parts)
