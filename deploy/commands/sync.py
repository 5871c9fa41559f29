"""`writeback sync`: reads practices' own systems; `sync run|status|changes|appointments|accept` for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from deploy.commands.options import By, Json, Most, PracticeId, Why, Yes
from deploy.commands.roles import ROLES, MetricsPort, Parent, Slot, run_role
from streams.runtime.errors import Role

if TYPE_CHECKING:
    from sinks.operations.queries.identities import IdentitiesKnown, IdentityReading
    from sinks.operations.queries.sync_status import KindRead, PracticeSync

ENTRY: Final = next(each for each in ROLES if each.role is Role.SYNC)

app = typer.Typer(
    invoke_without_command=True,
    help="Read practices' own systems into the mirror. Without a command: the role itself, in this process.",
)


@app.callback()
def role(context: typer.Context, slot: Slot = None, metrics_port: MetricsPort = None, parent: Parent = None) -> None:
    """Read practices' own systems into the mirror. Without a command: the role itself, in this process."""
    if context.invoked_subcommand is None:
        run_role(ENTRY, parent=parent, slot=slot, metrics_port=metrics_port)


@app.command()
def run(
    practice: PracticeId,
    full: Annotated[
        bool, typer.Option("--full", help="Read everything again, so that what is gone there is found.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Have a practice's system read now, beside its usual times. Nothing is written there."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import print_json
    from sinks.operations.actions.sync_now import sync_now

    with open_ledger("sync") as opened:
        asked = sync_now(opened.ledger, practice, full=full)
    if as_json:
        print_json(asked)
        return
    what = "everything is read" if asked.full else "what has changed is read"
    print(
        f"{asked.practice_id}: {what} as soon as the role sync has a place: writeback sync status {asked.practice_id}"
    )


@app.command()
def status(
    practice: Annotated[str | None, typer.Argument(metavar="[PRACTICE]", help="Only this practice.")] = None,
    most: Most = 1_000,
    as_json: Json = False,
) -> None:
    """Show what was read of each practice's system, when, and when it is read next."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import print_json, print_table, shown_at
    from sinks.operations.queries.identities import identities_known, identity_reading
    from sinks.operations.queries.sync_status import sync_status

    with open_ledger("sync") as opened:
        found = sync_status(opened.ledger, practice, most)
        reading = identity_reading(opened.ledger)
        known = None if practice is None else identities_known(opened.ledger, practice)
    if as_json:
        print_json(found)
        return
    headings = ("practice", "every", "read last", "result", "code", "read next")
    rows = (
        (each.practice_id, each.every.lower(), shown_at(each.read_at), each.result, each.code, shown_at(each.due_at))
        for each in found
    )
    print_table("", headings, rows)
    if practice is not None and not found:
        print(f"{practice}: nothing was read yet")
    for each in found if practice is not None else ():
        _print_kinds(each)
    _print_identities(reading, known, practice)
    if len(found) == most:
        print(f"the first {most} by their ids; more with --most")


@app.command()
def changes(
    practice: Annotated[str | None, typer.Argument(metavar="[PRACTICE]", help="Only this practice.")] = None,
    ended: Annotated[bool, typer.Option("--ended", help="Those too that were put right or accepted.")] = False,
    most: Most = 500,
    as_json: Json = False,
) -> None:
    """List entries that people deleted or changed at the practice's own system after they were posted."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import print_json, print_table, shown_at, shown_money
    from sinks.operations.queries.entry_changes import find_changes

    with open_ledger("sync") as opened:
        found = find_changes(opened.ledger.connection, practice, ended=ended, most=most)
    if as_json:
        print_json(found)
        return
    headings = ("practice", "id", "entry", "amount", "date", "at the target", "payment", "is", "found", "ended")
    rows = (
        (
            each.practice_id,
            each.id,
            each.entry_kind,
            shown_money(each.amount_minor, each.currency),
            each.ledger_date,
            each.external_id,
            each.payment,
            each.state.lower(),
            shown_at(each.found_at),
            each.ended_as or "",
        )
        for each in found
    )
    print_table("", headings, rows)
    if not found:
        print("every entry stands as it was posted, as far as it was read")


@app.command()
def appointments(
    practice: PracticeId,
    from_day: Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="First day; today.")] = None,
    to_day: Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="Last day; a week after it.")] = None,
    most: Most = 500,
    as_json: Json = False,
) -> None:
    """List a practice's appointments as they were read last, each with what it costs. Asks nobody."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.parsing import a_day
    from deploy.commands.printing import counted, print_json, print_table, shown_money, visible
    from sinks.operations.queries.appointments import find_appointments
    from sinks.targets.credentials import KeyRing

    first, last = a_day(from_day, "--from"), a_day(to_day, "--to")
    with open_ledger("sync") as opened:
        found = find_appointments(opened.ledger, KeyRing.of(opened.settings), practice, first, last, most)
    if as_json:
        print_json(found)
        return
    headings = ("day", "at", "patient", "is", "provider", "cost", "insurances", "for")
    rows = (
        (
            each.day,
            f"{each.starts_at:%H:%M}",
            each.pms_patient_id,
            each.state.value.lower(),
            each.provider_id or "",
            shown_money(each.cost_minor, each.currency),
            each.insurances or "",
            visible(each.detail),
        )
        for each in found
    )
    print_table("", headings, rows)
    print(f"{counted(len(found), 'appointment')} at {practice}, by its own clock")


@app.command()
def accept(
    practice: PracticeId,
    entry: Annotated[str, typer.Argument(metavar="ID", help="The entry, like e:42.")],
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Say that an entry was deleted or changed on purpose: it is told no more. No entry changes here or there."""
    from deploy.commands.entry_ids import entry_number
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import APPLY_HINT, print_done_json
    from sinks.operations.actions.accept_change import accept_change

    number = entry_number(entry)
    with open_ledger("sync") as opened:
        found = accept_change(opened.ledger, practice, number, order_of(yes, why, by))
    if as_json:
        print_done_json(yes, found)
        return
    print(f"{found.id} is {found.state.lower()} at the target, and that {'is' if yes else 'would be'} accepted")
    if not yes:
        print(APPLY_HINT)


def _print_kinds(one: PracticeSync) -> None:
    from deploy.commands.printing import print_table

    headings = ("what", "read last", "read whole", "rows", "not readable", "now")
    print_table("", headings, map(_row, one.kinds))
    for kind, why in one.unread:
        print(f"not read: {kind}: {why}")


def _print_identities(reading: IdentityReading, known: IdentitiesKnown | None, practice: str | None) -> None:
    from deploy.commands.printing import counted, shown_at
    from sinks.operations.queries.identities import COUNTED

    if reading.read_at is None:
        print("patients' identities: the upstream's topic was never read; the role sync reads it")
        return
    again = f", {counted(reading.rebuilding, 'partition')} from the beginning" if reading.rebuilding else ""
    print(f"patients' identities: the upstream's topic was read last at {shown_at(reading.read_at)}{again}")
    if known is None:
        return
    more = " or more" if known.known >= COUNTED else ""
    print(f"{practice}: the upstream has named {counted(known.known, 'patient')}{more}")
    if known.unopened:
        print(
            f"{counted(known.unopened, 'identity', 'identities')} cannot be opened yet: encrypted to a key that is not "
            "set here. See `writeback topics identity-keys`; add a retired key to WRITEBACK_RETIRED_KEY_FILES and "
            "start the role sync again"
        )


def _row(each: KindRead) -> tuple[object, ...]:
    from deploy.commands.printing import shown_at

    under_way = f"{each.run_rows} rows so far" if each.run_began_at is not None else each.code or ""
    return each.kind, shown_at(each.read_at), shown_at(each.whole_at), each.rows, each.skipped or "", under_way
