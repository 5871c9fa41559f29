"""`writeback transactions list|show`: what became of each payment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands import transactions_wanted as wanted
from deploy.commands.options import Json, Most, Practice, PracticeId
from deploy.commands.printing import print_json, print_table, shown_at, shown_entered, shown_money

if TYPE_CHECKING:
    from sinks.operations.queries.transactions import Listing, Transaction

app = typer.Typer(no_args_is_help=True, help="Transactions: their states, amounts and reasons.")


@app.command("list")
def list_(
    practice: Practice = None,
    state: wanted.States = None,
    day: wanted.Day = None,
    week: wanted.Week = None,
    since: wanted.Since = None,
    until: wanted.Until = None,
    by_date: wanted.By = "TRANSACTION",
    payment: wanted.Payment = None,
    kind: wanted.Kinds = None,
    tender: wanted.Tenders = None,
    target: wanted.Target = None,
    amount: wanted.Amount = None,
    patient: wanted.Patient = None,
    text: wanted.Text = None,
    most: Most = 200,
    after: Annotated[
        str | None, typer.Option("--after", metavar="PLACE", help="Go on behind a page: its `next` of --json.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Write them to this file, for a spreadsheet.", dir_okay=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """List one row per entry (or per event that has none yet), in the order in which the payments happened."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.parsing import write_file
    from sinks.operations.queries.sums import all_sums, sums_of
    from sinks.operations.queries.transaction_filter import Place, Wanted
    from sinks.operations.queries.transactions import check_day, list_transactions
    from sinks.operations.queries.transactions_csv import csv_of

    place = None if after is None else Place.from_token(after)
    with open_ledger("transactions") as opened:
        asked = wanted.wanted_of(
            opened.ledger.connection,
            practice,
            states=state,
            days=(day, week, since, until),
            date_of=by_date,
            payment=payment,
            kinds=kind,
            tenders=tender,
            target=target,
            amount=amount,
            patient=patient,
            text=text,
            most=most,
        )
        listing = list_transactions(opened.ledger.connection, asked, place)
        of_all = all_sums(opened.ledger.connection, asked) if asked.from_day is not None else None
    plain = Wanted(practice_id=practice, from_day=asked.from_day, to_day=asked.to_day, most=most)
    whole = asked == plain and asked.from_day is not None and place is None
    check = check_day(listing.transactions) if whole and not listing.more else None
    if csv is not None:
        write_file(csv, csv_of(listing.transactions).encode("utf-8"), "--csv")
    if as_json:
        print_json(
            {
                "transactions": listing.transactions,
                "more": listing.more,
                "next": listing.next,
                "check": check,
                "totals": listing.totals,
                "sums": sums_of(listing.transactions),
                "of_all": of_all,
            }
        )
        return
    _print_listing(listing)
    if check is not None:
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
        ""
        if each.amount_minor is None
        else shown_entered(each.amount_minor, each.entered_minor, each.currency or "USD"),
        each.state
        + (f" ({each.attempts} tries)" if each.attempts and each.attempts > 1 else "")
        + (f", {each.standing}" if each.standing else ""),
        each.reason + (" late" if each.late else ""),
        each.settings_version,
        shown_at(each.posted_at) or shown_at(each.due_at),
        each.external_id,
    )
