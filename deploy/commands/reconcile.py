"""`writeback reconcile`: the PMS, the payouts and QuickBooks to the cent, each difference with its cause."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import Json

if TYPE_CHECKING:
    from deploy.commands.open_ledger import Opened
    from sinks.operations.reconcile.run import Reader, Reconciled


def reconcile(
    practice: Annotated[
        str | None, typer.Argument(metavar="[PRACTICE]", help="The practice's id; or --organisation.")
    ] = None,
    organisation: Annotated[
        str | None, typer.Option("--organisation", help="All practices of this group, as one figure.")
    ] = None,
    since: Annotated[str, typer.Option("--from", metavar="DAY", help="The practice's civil day.")] = "",
    until: Annotated[str, typer.Option("--to", metavar="DAY", help="The last day, included.")] = "",
    by: Annotated[str, typer.Option("--totals", help="Totals by DAY, MONTH or YEAR.")] = "MONTH",
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Write every difference to this file.", dir_okay=False)
    ] = None,
    pdf: Annotated[
        Path | None, typer.Option("--pdf", help="Write it as a report to print or file.", dir_okay=False)
    ] = None,
    read: Annotated[
        bool, typer.Option("--read", help="Read each document in QuickBooks: what was edited or deleted there?")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare what is booked in the PMS, what was reported, what payouts brought and what stands in QuickBooks. Reads
    the ledger alone, unless --read. Exit code 1 where a difference has no cause."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.parsing import a_day, one_of, write_file
    from deploy.commands.printing import print_json
    from sinks.operations.reconcile.run import reconcile_group, reconcile_practice
    from sinks.operations.reconcile.totals import Span
    from streams.runtime.errors import ConfigurationError

    from_day, to_day = a_day(since or None, "--from"), a_day(until or None, "--to")
    if from_day is None or to_day is None:
        raise ConfigurationError("give --from DAY and --to DAY, like 2026-03-01 and 2026-03-31")
    if (practice is None) == (organisation is None):
        raise ConfigurationError("name a practice, or a group with --organisation")
    span = Span(str(one_of(by, Span, "--totals")))
    with open_ledger("reconcile") as opened:
        reader = _reader(opened) if read else None
        if organisation is not None:
            found = reconcile_group(opened.ledger, organisation, from_day, to_day, span, reader)
        else:
            found = reconcile_practice(opened.ledger, str(practice), from_day, to_day, span, reader)
    if csv is not None:
        from sinks.operations.reconcile.export import csv_of

        write_file(csv, csv_of(found).encode("utf-8"), "--csv")
    if pdf is not None:
        from sinks.operations.reconcile.pdf_report import pdf_bytes

        write_file(pdf, pdf_bytes(found), "--pdf")
    print_json(found) if as_json else _print(found)
    if not found.explained:
        raise typer.Exit(1)


def _print(found: Reconciled) -> None:
    from deploy.commands.printing import print_table, shown_money
    from sinks.operations.reconcile.bridge import Joint
    from sinks.operations.reconcile.words import CAUSE_WORDS, JOINT_WORDS

    def money(minor: int) -> str:
        return shown_money(minor, found.currency)

    figures = {
        Joint.PMS_TO_REPORTED: ("booked in the PMS", found.pms_minor),
        Joint.REPORTED_TO_BANK: ("reported", found.reported_minor),
        Joint.BANK_TO_QUICKBOOKS: ("brought by payouts", found.bank_minor),
    }
    rows: list[tuple[str, str, str, str]] = []
    for joint, (name, amount) in figures.items():
        rows.append((name, money(amount), "", ""))
        rows += [
            (f"  {each.cause.value}", money(each.amount_minor), str(each.differences), CAUSE_WORDS[each.cause])
            for each in found.causes
            if each.joint is joint
        ]
    rows.append(("in QuickBooks", money(found.quickbooks_minor), "", ""))
    names = ", ".join(each.practice_id for each in found.practices)
    print_table(f"{names}: {found.from_day} to {found.to_day}", ("figure or cause", "amount", "how many", "what"), rows)
    totals = (
        (each.period, *(money(amount) for amount in (each.payments_minor, each.given_back_minor, each.fees_minor,
                                                     each.other_fees_minor, each.payouts_minor)))
        for each in found.totals
    )  # fmt: skip
    print_table("", ("period", "payments", "given back", "their fees", "other fees", "payouts"), totals)
    if any(each.read is not None for each in found.practices):
        _print_changed(found)
    print(f"collected and not in the bank yet: {money(found.in_transit_minor)}")
    for each in found.causes:
        if each.cause.value == "UNEXPLAINED":
            print(f"unexplained {JOINT_WORDS[each.joint]}: {money(each.amount_minor)}")
    print("every difference has a cause" if found.explained else "some differences have no cause")


def _reader(opened: Opened) -> Reader:
    """Documents in QuickBooks as they stand now, for one practice at a time."""
    import asyncio

    from sinks.operations.quickbooks.read_documents import read_documents

    return lambda practice, effects: asyncio.run(read_documents(opened.ledger, opened.settings, practice, effects))


def _print_changed(found: Reconciled) -> None:
    """What somebody changed in QuickBooks, where that was read."""
    from deploy.commands.printing import counted, print_table, shown_money

    rows = [
        (
            practice.practice_id,
            each.payout_id,
            each.external_id,
            "deleted there" if each.deleted else "edited there",
            shown_money(each.written_minor, practice.currency),
            "" if each.now_minor is None else shown_money(each.now_minor, practice.currency),
            each.written_day,
            each.now_day,
        )
        for practice in found.practices
        for each in practice.changed_there
    ]
    headings = ("practice", "payout", "document", "what", "written", "now", "date", "now")
    if rows:
        print_table("changed in QuickBooks", headings, rows)
    read = sum(each.read or 0 for each in found.practices)
    print(f"{counted(read, 'document')} read in QuickBooks, {len(rows)} changed there")
