"""`writeback retention`: delete what the ledger need not keep any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import By, Json, Why, Yes

if TYPE_CHECKING:
    from sinks.ledger.retention import Deleted, Expired

MEGABYTE = 1_000_000


def retention(
    months: Annotated[
        int | None,
        typer.Option("--months", min=13, max=1200, help="Whole months to keep; default: WRITEBACK_RETENTION_MONTHS."),
    ] = None,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Delete bodies of events, requests that were sent, attempts, closed notices and settled dead letters of long ago.

    What an open payment or payout still needs stays, however old; entries with what became of them, receipts, settings
    and the audit trail always do. INTAKE does this by itself once an hour.
    """
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from sinks.operations.actions.retention import delete_what_expired, what_expired

    with open_ledger("retention") as opened:
        kept = opened.settings.retention_months if months is None else months
        done = delete_what_expired(opened.ledger, kept, order_of(yes, why, by))
        if done is None:
            _print_preview(what_expired(opened.ledger, kept), as_json)
        else:
            _print_done(done, as_json)


def _print_preview(found: Expired, as_json: bool) -> None:
    from deploy.commands.printing import counted, print_json

    if as_json:
        print_json({"dry_run": True, "expired": found})
        return
    for month in found.months:
        print(f"{month.parent} of {month.month:%Y-%m}: about {month.rows} rows, {month.bytes / MEGABYTE:.1f} MB")
    others = f"{counted(found.notices, 'closed notice')} and {counted(found.dead_letters, 'settled dead letter')}"
    print(f"{counted(len(found.months), 'month')}, {others} before {found.before} would go")
    print("to delete them: writeback retention --yes --why TEXT")


def _print_done(done: Deleted, as_json: bool) -> None:
    from deploy.commands.printing import counted, print_json

    if as_json:
        print_json({"dry_run": False, "deleted": done})
        return
    print(
        f"deleted {counted(len(done.dropped), 'month')}, {counted(done.notices, 'closed notice')} and "
        f"{counted(done.dead_letters, 'settled dead letter')}; {counted(done.moved, 'row')} still needed moved on"
    )
    if done.postponed:
        print(f"in use and left for the next run: {', '.join(done.postponed)}")
