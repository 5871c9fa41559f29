"""`writeback entries list|post|record|dismiss|…`: what waits for a person, and what they decide."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from deploy.commands.entries_allocate import allocate
from deploy.commands.entries_hold import assign, hold, release, retry
from deploy.commands.options import By, Json, Most, PracticeId, Why, Yes

if TYPE_CHECKING:
    from sinks.operations.actions.entry_action_rules import EntryAction
    from sinks.operations.actions.entry_actions import EntriesDone
    from sinks.operations.actions.event_actions import EventItem

app = typer.Typer(no_args_is_help=True, help="What waits for a person, and what they decide of it.")

Ids = Annotated[
    list[str],
    typer.Argument(
        metavar="ID...",
        help="From `entries list`: an entry's is like e:42, an event's like v:0123456789ab; or what a letter names.",
    ),
]
Fee = Annotated[
    str | None,
    typer.Option("--fee", metavar="AMOUNT", help="Of one payment whose fee is not known, such as 3.20."),
]
_WOULD: Final = {"post": "would be posted", "record": "would be recorded", "dismiss": "would be dismissed"}
_IS: Final = {"post": "released to be posted", "record": "recorded", "dismiss": "dismissed"}


app.command()(allocate)
for _deed in (hold, release, retry, assign):
    app.command()(_deed)


@app.command("list")
def list_(
    practice: PracticeId,
    state: Annotated[
        list[str] | None, typer.Option("--state", help="Only this state, such as AWAITING_MANUAL_POST; repeatable.")
    ] = None,
    most: Most = 500,
    as_json: Json = False,
) -> None:
    """List what waits for a person, since when and why, with its id for `post`, `record` and `dismiss`: entries, and
    events that have no entries yet, such as a payment without its fee or a refund without its payment."""
    from deploy.commands.entry_rows import listed_json, listed_row
    from deploy.commands.event_rows import event_json, event_row
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.parsing import one_of
    from deploy.commands.printing import counted, print_json, print_table
    from schemas.vocabulary import State
    from sinks.operations.queries.waiting_entries import waiting_entries
    from sinks.operations.queries.waiting_events import waiting_events

    states = [State(str(one_of(each, State, "--state"))) for each in state or ()]
    with open_ledger("entries") as opened:
        found = waiting_entries(opened.ledger.connection, practice, states or None, most)
        events = waiting_events(opened.ledger.connection, practice, states or None, most)
        now = opened.ledger.clock.now()
    if as_json:
        print_json([listed_json(each, now) for each in found] + [event_json(each, now) for each in events])
        return
    headings = ("id", "payment", "target", "what", "amount", "date", "state", "for", "part of", "why", "who")
    rows = [listed_row(each, now) for each in found] + [event_row(each, now) for each in events]
    print_table("", headings, rows)
    entries = counted(len(found), "entry", "entries")
    if events:
        entries += f" and {counted(len(events), 'event without entries', 'events without entries')}"
    waits = "waits" if len(rows) == 1 else "wait"
    print(f"{entries} at {practice}" if states else f"{entries} {waits} for a person at {practice}")


@app.command()
def post(
    practice: PracticeId,
    ids: Ids,
    fee: Fee = None,
    first_open_date: Annotated[
        bool,
        typer.Option(
            "--first-open-date", help="What a closed period keeps is posted with the first date that is open."
        ),
    ] = False,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Let Writeback post what it kept for a person. It goes on to what it waits for next, or is due at once. An event
    without entries is posted as it was reported."""
    _act("post", practice, ids, fee, yes, why, by, as_json, first_open_date=first_open_date)


@app.command()
def record(
    practice: PracticeId,
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Entries or events, as the lists print them.")
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option("--sheet", help="A CSV of `writeback worklist`, filled in: records all its lines at once."),
    ] = None,
    fee: Fee = None,
    amount: Annotated[
        str | None,
        typer.Option("--amount", metavar="AMOUNT", help="What was entered for the one named entry, if not its amount."),
    ] = None,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Record that a person entered it in the books. Its parts, such as its fee, are recorded with it."""
    from streams.runtime.errors import ConfigurationError

    if sheet is None and ids:
        _act("record", practice, ids, fee, yes, why, by, as_json, amount=amount)
        return
    if sheet is None or ids or fee is not None or amount is not None:
        raise ConfigurationError("name the entries, or give their sheet with --sheet FILE alone")
    _record_sheet(practice, sheet, yes, why, by, as_json)


def _record_sheet(practice: str, sheet: Path, yes: bool, why: str, by: str | None, as_json: bool) -> None:
    from deploy.commands.entry_rows import item_json
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.parsing import read_file
    from deploy.commands.printing import print_json
    from sinks.operations.actions.entry_action_rules import EntryAction
    from sinks.operations.actions.record_sheet import record_sheet

    with open_ledger("entries") as opened:
        recorded = record_sheet(opened.ledger, practice, read_file(sheet, "--sheet"), order_of(yes, why, by))
    done = recorded.done
    if as_json:
        items = [item_json(each) for each in done.items]
        print_json({"dry_run": not yes, "items": items, "followed": done.followed, "left": recorded.left})
        return
    _print(EntryAction.RECORD, done, (), yes)
    print(f"{recorded.left} stay on the work list")


@app.command()
def dismiss(
    practice: PracticeId, ids: Ids, yes: Yes = False, why: Why = "", by: By = None, as_json: Json = False
) -> None:
    """Close it without posting: nobody will enter it. Its parts, such as its fee, are dismissed with it."""
    _act("dismiss", practice, ids, None, yes, why, by, as_json)


def _act(
    deed: str,
    practice: str,
    ids: list[str],
    fee: str | None,
    yes: bool,
    why: str,
    by: str | None,
    as_json: bool,
    *,
    first_open_date: bool = False,
    amount: str | None = None,
) -> None:
    """Exit code 1 where --yes left something undone."""
    from deploy.commands.entry_ids import all_seen_versions, named_things
    from deploy.commands.entry_rows import item_json
    from deploy.commands.event_rows import event_item_json
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.parsing import an_amount
    from deploy.commands.printing import print_json
    from schemas.vocabulary import Ruling
    from sinks.operations.actions.entry_action_rules import EntryAction
    from sinks.operations.actions.entry_actions import Entered, EntriesDone, act_on_entries
    from sinks.operations.actions.event_actions import act_on_events
    from sinks.operations.actions.open_date import post_with_open_date

    fee_minor = None if fee is None else an_amount(fee, "--fee")
    amount_minor = None if amount is None else an_amount(amount, "--amount")
    action, order = EntryAction(deed), order_of(yes, why, by)
    plain, seen, seen_events = all_seen_versions(ids)
    with open_ledger("entries") as opened:
        numbers, events = named_things(opened.ledger.connection, practice, plain)
        _check_options(numbers, events, fee_minor, amount_minor, first_open_date)
        if first_open_date:
            done = EntriesDone(post_with_open_date(opened.ledger, practice, numbers, order, seen))
        else:
            said = {} if amount_minor is None else {numbers[0]: Entered(amount_minor)}
            done = EntriesDone(())
            if numbers:
                done = act_on_entries(opened.ledger, action, practice, numbers, order, said, seen)
        ended = act_on_events(opened.ledger, Ruling(deed), practice, events, order, fee_minor, seen_events)
    if as_json:
        items = [item_json(each) for each in done.items] + [event_item_json(each) for each in ended]
        print_json({"dry_run": not yes, "items": items, "followed": done.followed})
    else:
        _print(action, done, ended, yes)
    if yes and (done.refused or any(each.refusal for each in ended)):
        raise typer.Exit(1)


def _check_options(
    numbers: Sequence[int], events: Sequence[str], fee_minor: int | None, amount_minor: int | None, open_date: bool
) -> None:
    """Raises ConfigurationError for an option that does not fit what is named."""
    from streams.runtime.errors import ConfigurationError

    if fee_minor is not None and (numbers or len(events) != 1):
        raise ConfigurationError("--fee: it is the fee of one payment; name that event alone")
    if open_date and events:
        raise ConfigurationError(
            "--first-open-date: it is a choice for entries; an event without entries has no date yet"
        )
    if amount_minor is not None and events:
        raise ConfigurationError(
            f"--amount: {events[0]} is an event that has no entries yet: it is recorded with the amounts that were "
            "reported. Leave --amount out"
        )
    if amount_minor is not None and len(numbers) != 1:
        raise ConfigurationError("--amount: it is what was entered for one entry; name that entry alone")


def _print(action: EntryAction, done: EntriesDone, ended: Sequence[EventItem], applied: bool) -> None:
    from deploy.commands.entry_rows import item_rows
    from deploy.commands.event_rows import event_item_rows
    from deploy.commands.printing import APPLY_HINT, counted, print_table

    headings = ("id", "payment", "what", "amount", "now", "then", "notes")
    rows = [row for item in done.items for row in item_rows(item)] + [
        row for item in ended for row in event_item_rows(item)
    ]
    print_table("", headings, rows)
    count = sum(len(each.entries) for each in done.items if each.refusal is None)
    count += sum(len(each.entries) for each in ended)
    refused = done.refused + sum(1 for each in ended if each.refusal is not None)
    followed = ""
    if done.followed:
        wait = "waits" if done.followed == 1 else "wait"
        entries = counted(done.followed, "entry", "entries")
        followed = f"; {entries} of other events {wait} for a person then" if not applied else ""
        followed = followed or f"; {entries} of other events {wait} for a person now"
    what = (_IS if applied else _WOULD)[action]
    print(f"{counted(count, 'entry', 'entries')} {what}, {refused} refused{followed}")
    if not applied:
        print(APPLY_HINT)
