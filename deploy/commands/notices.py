"""`writeback notices list|acknowledge|samples`: what people are told of, and who sees to it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import By, Json, Most, Practice, Why, Yes

if TYPE_CHECKING:
    from sinks.operations.queries.open_notices import OpenNotice

app = typer.Typer(no_args_is_help=True, help="Notices: those that are open, and who sees to them.")

Reference = Annotated[str, typer.Argument(metavar="REFERENCE", help="As a letter prints it: WBN- and ten signs.")]


@app.command("list")
def list_(practice: Practice = None, most: Most = 200, as_json: Json = False) -> None:
    """List open notices, the oldest first, and who sees to each."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import print_json, print_table
    from sinks.operations.queries.open_notices import open_notices

    with open_ledger("notices") as opened:
        found = open_notices(opened.ledger.connection, practice, most)
    if as_json:
        print_json(found)
        return
    headings = ("practice", "reference", "what", "cases", "open since", "told", "sees to it")
    print_table("", headings, map(_row, found))
    if len(found) == most:
        print(f"the oldest {most}; more with --most")


@app.command()
def acknowledge(reference: Reference, yes: Yes = False, why: Why = "", by: By = None, as_json: Json = False) -> None:
    """Say that you see to a notice: nobody else is called for it, and its next letters name you."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import APPLY_HINT, print_done_json
    from sinks.operations.actions.acknowledge import acknowledge as acknowledge_notice

    with open_ledger("notices") as opened:
        done = acknowledge_notice(opened.ledger, reference, order_of(yes, why, by))
    if as_json:
        print_done_json(yes, done)
        return
    before = f", as {done.before} did" if done.before and done.before != done.by else ""
    print(f"{done.reference} ({done.practice_id}): {done.by} {'sees' if yes else 'would see'} to it{before}")
    if not yes:
        print(APPLY_HINT)


@app.command("samples")
def samples(
    to: Annotated[Path | None, typer.Option("--to", help="Write the page to this file; default: print it.")] = None,
    as_json: Json = False,
) -> None:
    """Show every letter that is ever sent, of each cause and step and as each channel carries it, as one HTML page."""
    from deploy.commands.printing import print_json
    from sinks.operations.queries.notice_samples import page_of_samples, sample_forms

    if as_json:
        print_json(sample_forms())
    elif to is None:
        print(page_of_samples())
    else:
        to.write_text(page_of_samples(), encoding="utf-8")
        print(f"written: {to}")


def _row(each: OpenNotice) -> tuple[object, ...]:
    from deploy.commands.printing import shown_at

    told = shown_at(each.told_at) or "nobody yet"
    return (
        each.practice_id,
        each.reference,
        each.headline,
        each.items,
        shown_at(each.opened_at),
        told,
        each.acknowledged_by,
    )
