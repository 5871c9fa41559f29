"""`writeback day`, `writeback week`: is everything in the books, against the PMS, the payouts; signed by whom."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import By, Json, PracticeId, Why

if TYPE_CHECKING:
    from sinks.operations.review.figures import Review

Day = Annotated[str, typer.Argument(metavar="DAY", help="The practice's civil day, like 2026-03-02.")]
Sign = Annotated[bool, typer.Option("--yes", help="Sign the day as it stands. Without it, the day is only shown.")]
Csv = Annotated[Path | None, typer.Option("--csv", help="Write the figures to this file.", dir_okay=False)]
Pdf = Annotated[Path | None, typer.Option("--pdf", help="Write it as a page to print or file.", dir_okay=False)]


def day(
    practice: PracticeId,
    on: Day,
    csv: Csv = None,
    pdf: Pdf = None,
    yes: Sign = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Review one day: posted or not, by kind and tender, against the practice's own system and the payouts. With --yes
    it is signed, complete or not; a change after that shows as reopened."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from sinks.operations.actions.sign_day import sign_day

    order = order_of(yes, why, by)
    with open_ledger("day") as opened:
        found = sign_day(opened.ledger, practice, _day_named(on), order)
    _out(found, csv, pdf, as_json, signed=yes)


def week(practice: PracticeId, on: Day, csv: Csv = None, pdf: Pdf = None, as_json: Json = False) -> None:
    """Review the practice's week that holds DAY, with the signature of each of its days."""
    from deploy.commands.open_ledger import open_ledger
    from sinks.operations.review.load import review_week

    with open_ledger("week") as opened:
        found = review_week(opened.ledger, practice, _day_named(on))
    _out(found, csv, pdf, as_json, signed=False)


def _day_named(text: str) -> date:
    from deploy.commands.parsing import a_day
    from streams.runtime.errors import ConfigurationError

    found = a_day(text, "DAY")
    if found is None:
        raise ConfigurationError("DAY: write it like 2026-03-02")
    return found


def _out(found: Review, csv: Path | None, pdf: Path | None, as_json: bool, *, signed: bool) -> None:
    from deploy.commands.parsing import write_file
    from deploy.commands.printing import print_done_json
    from sinks.operations.review.export import csv_of
    from sinks.operations.review.pdf_review import lines_of_review, pdf_bytes

    if csv is not None:
        write_file(csv, csv_of(found).encode("utf-8"), "--csv")
    if pdf is not None:
        write_file(pdf, pdf_bytes(found), "--pdf")
    if as_json:
        print_done_json(signed, found)
        return
    for line in lines_of_review(found):
        print(line)
