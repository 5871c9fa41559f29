"""`writeback payouts differences|accept|dismiss|detail`: what the bank says otherwise; a payout item by item."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.commands.options import By, Json, Most, Practice, PracticeId, Why, Yes

if TYPE_CHECKING:
    from sinks.operations.actions.payout_differences import DifferenceEnded

app = typer.Typer(
    no_args_is_help=True,
    help="Payouts that differ from what was reported: differences, accept, dismiss. Item by item: detail.",
)

DifferenceId = Annotated[str, typer.Argument(metavar="ID", help="Like d:3, from `payouts differences`.")]


@app.command()
def differences(
    practice: Annotated[
        str | None, typer.Argument(metavar="[PRACTICE]", help="Only this practice's; without it, those of all.")
    ] = None,
    only: Practice = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only this kind, such as FEE_DIFFERS.")] = None,
    ended: Annotated[bool, typer.Option("--all", help="Those that have ended too.")] = False,
    most: Most = 500,
    as_json: Json = False,
) -> None:
    """List what payouts say otherwise than payments, refunds or earlier payouts, with its id for accept and dismiss."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.parsing import one_of
    from deploy.commands.printing import counted, print_json, print_table
    from schemas.vocabulary import DifferenceKind
    from sinks.operations.queries.payout_differences import find_differences
    from streams.runtime.errors import ConfigurationError

    if practice and only and practice != only:
        raise ConfigurationError(f"{practice} and --practice {only} are two practices: name one")
    practice = practice or only
    wanted = None if kind is None else DifferenceKind(str(one_of(kind, DifferenceKind, "--kind")))
    with open_ledger("payouts") as opened:
        found = find_differences(opened.ledger.connection, practice, kind=wanted, ended=ended, most=most)
    if as_json:
        print_json([_json(each) for each in found])
        return
    headings = ("practice", "id", "kind", "payout", "about", "reported", "in the payout", "since", "ended", "what")
    print_table("", headings, (_row(each) for each in found))
    print(f"{counted(len(found), 'difference', 'differences')}{'' if ended else ' open'}")


@app.command()
def accept(
    practice: PracticeId,
    difference: DifferenceId,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """The bank is right: post what corrects the entries. What your payment system reports later still supersedes it."""
    from sinks.operations.actions.payout_differences import accept_difference

    _act(accept_difference, practice, difference, yes, why, by, as_json)


@app.command()
def dismiss(
    practice: PracticeId,
    difference: DifferenceId,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Nothing is to be done about it: it is listed no more, and no entry changes."""
    from sinks.operations.actions.payout_differences import dismiss_difference

    _act(dismiss_difference, practice, difference, yes, why, by, as_json)


@app.command()
def detail(
    practice: PracticeId,
    payout: Annotated[str, typer.Argument(metavar="PAYOUT", help="The payout's id.")],
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Write it to this file, for a spreadsheet.", dir_okay=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Show PAYOUT's transactions one by one, with gross, fee and net: what a condensed document leaves out."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.parsing import write_file
    from deploy.commands.printing import counted, print_json, print_table, shown_money
    from sinks.operations.quickbooks.detail import csv_of, payout_detail

    with open_ledger("payouts") as opened:
        found = payout_detail(opened.ledger, practice, payout)
    if csv is not None:
        write_file(csv, csv_of(found).encode("utf-8"), "--csv")
    if as_json:
        print_json(found)
        return

    def money(minor: int) -> str:
        return shown_money(minor, found.currency)

    if csv is None:
        rows = (
            (
                f"{found.reference}-{each.number:02d}",
                each.category.value,
                "" if each.kind is None else each.kind.value,
                money(each.gross_minor),
                money(each.fee_minor),
                money(each.gross_minor - each.fee_minor),
            )
            for each in found.lines
        )
        print_table("", ("item", "category", "kind", "gross", "fee", "net"), rows)
    print(
        f"{found.payout_id} ({found.entry}, {found.state}): {counted(len(found.lines), 'item')}, "
        f"gross {money(found.gross_minor)}, fees {money(found.fee_minor)}, net {money(found.net_minor)}"
    )
    if not found.items_known:
        print("nobody knows what this payout is made of")


def _act(act: Any, practice: str, difference: str, yes: bool, why: str, by: str | None, as_json: bool) -> None:
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import print_json

    number = _number(difference)
    with open_ledger("payouts") as opened:
        done: DifferenceEnded = act(opened.ledger, practice, number, order_of(yes, why, by))
    if as_json:
        print_json({"dry_run": not yes, "difference": _json(done.difference), "entries": _entries(done)})
        return
    _print(done, yes)


def _print(done: DifferenceEnded, applied: bool) -> None:
    from deploy.commands.printing import APPLY_HINT, counted, print_table, shown_money

    headings = ("id", "target", "what", "amount", "date")
    rows = [
        (
            f"e:{each.effect_id}",
            each.target.value,
            f"{each.entry_kind} {each.part}".rstrip(),
            shown_money(each.amount_minor, each.currency),
            each.ledger_date,
        )
        for each in done.entries
    ]
    if rows:
        print_table("", headings, rows)
    entries = counted(len(rows), "correcting entry", "correcting entries")
    print(f"d:{done.difference.number} {'has ended' if applied else 'would end'}, with {entries}")
    if not applied:
        print(APPLY_HINT)


def _number(text: str) -> int:
    """A difference's number. Raises ConfigurationError with what its id looks like."""
    from streams.runtime.errors import ConfigurationError

    digits = text.removeprefix("d:")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise ConfigurationError(
            f"{text!r} is no difference's id, which is like d:3: see `writeback payouts differences`"
        )
    return int(digits)


def _row(each: Any) -> tuple[object, ...]:
    from deploy.commands.printing import shown_at, shown_money
    from sinks.operations.words.difference_words import DIFFERENCE_WORDS

    def money(minor: int | None) -> str:
        return "" if minor is None else shown_money(minor, each.currency)

    return (
        each.practice_id,
        f"d:{each.number}",
        each.kind.value,
        each.payout_id,
        each.subject,
        money(each.reported_minor),
        money(each.paid_minor),
        shown_at(each.found_at),
        each.ended_as.value if each.ended_as else "",
        DIFFERENCE_WORDS[each.kind] + (f" (also in payout {each.other_payout_id})" if each.other_payout_id else ""),
    )


def _json(each: Any) -> dict[str, Any]:
    import msgspec

    return {"id": f"d:{each.number}"} | msgspec.structs.asdict(each)


def _entries(done: DifferenceEnded) -> list[dict[str, Any]]:
    return [
        {
            "id": f"e:{each.effect_id}",
            "target": each.target.value,
            "entry_kind": each.entry_kind.value,
            "part": each.part,
            "amount_minor": each.amount_minor,
            "currency": each.currency,
        }
        for each in done.entries
    ]
