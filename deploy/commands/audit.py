"""`writeback audit search|verify|protect`: the trail of what people did."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from deploy.commands.options import By, Json, Why, Yes

if TYPE_CHECKING:
    from sinks.operations.queries.audit_trail import TrailReport

app = typer.Typer(no_args_is_help=True, help="Search the trail of what people did, verify it, and protect it.")

ADMIN_URL: Final = "WRITEBACK_ADMIN_DATABASE_URL"
SHOWN: Final = 20


@app.command()
def search(
    trail: Annotated[
        str, typer.Argument(metavar="PRACTICE", help="A practice, or *console for sign-ins, * for the rest.")
    ],
    action: Annotated[str, typer.Option(help="As the trail writes it, such as entry.post.")] = "",
    who: Annotated[str, typer.Option(help="A part of the name.")] = "",
    about: Annotated[str, typer.Option(help="Exactly: an entry's number or an id.")] = "",
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="From this day on, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Before this day, UTC.")] = None,
    before: Annotated[int | None, typer.Option(min=1, help="Only entries with a lower number: the next page.")] = None,
    most: Annotated[int, typer.Option(min=1, max=1000, help="Entries of one page.")] = 50,
    as_json: Json = False,
) -> None:
    """What people did, the newest first, and why."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import print_json, print_table
    from sinks.operations.queries.audit_search import TrailWanted, search_trail

    wanted = TrailWanted(
        trail=trail,
        action=action,
        actor=who,
        about=about,
        since=since and since.replace(tzinfo=UTC),
        until=until and until.replace(tzinfo=UTC),
        before=before,
        most=most,
    )
    with open_ledger("audit") as opened:
        found = search_trail(opened.ledger, wanted, order_of(yes=False, why="", by=None).actor)
    if as_json:
        print_json(found)
        return
    rows = [(e.n, f"{e.at:%Y-%m-%d %H:%M:%S}", e.actor, e.action, e.subject or "", e.why or "") for e in found.entries]
    print_table(f"Trail of {trail}", ("entry", "at (UTC)", "who", "what", "about", "why"), rows)
    if found.further is not None:
        print(f"older ones: --before {found.further}")


@app.command()
def verify(as_json: Json = False) -> None:
    """Check every entry's hash, and each trail's end against the heads that were published to Kafka.

    Exit code 1 when something was changed, removed or cut off.
    """
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import print_json
    from sinks.operations.queries.audit_trail import verify as verify_trails

    with open_ledger("audit") as opened:
        report = verify_trails(opened.ledger, opened.settings)
    if as_json:
        print_json({"sound": report.sound, "report": report})
    else:
        _print(report)
    if not report.sound:
        raise typer.Exit(1)


@app.command()
def protect(yes: Yes = False, why: Why = "", by: By = None, as_json: Json = False) -> None:
    """Give the trail to an owner of its own: the application's user can then add entries and change none.

    The environment's WRITEBACK_ADMIN_DATABASE_URL names an administrator of the same database.
    """
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import print_json
    from sinks.operations.actions.protect_audit import protect_audit_trail
    from streams.runtime.errors import ConfigurationError

    admin_url = os.environ.get(ADMIN_URL, "")
    if yes and not admin_url:
        raise ConfigurationError(f"set {ADMIN_URL} to an administrator's connection to this database")
    with open_ledger("audit") as opened:
        application = protect_audit_trail(opened.ledger, admin_url, order_of(yes, why, by))
    if as_json:
        print_json({"dry_run": not yes, "application": application})
    elif yes:
        print(f"the trail has an owner of its own; {application} can add entries and change none")
    else:
        print(f"the trail would get an owner of its own; {application} could then add entries and change none")
        print("to do it: writeback audit protect --yes --why TEXT")


def _print(report: TrailReport) -> None:
    from deploy.commands.printing import counted, print_table

    if report.faults:
        rows = [(each.trail, each.n, each.fault.value) for each in report.faults[:SHOWN]]
        print_table("Faults", ("trail", "entry", "fault"), rows)
        print(f"{counted(len(report.faults), 'fault')}: somebody changed the trail, or the database was set back")
    else:
        print("Every entry is as it was written.")
    print(f"{counted(report.trails, 'trail')}, the heads of {report.heads} published")
    if report.rewritable:
        print("The user of the application could rewrite the trail: see `writeback audit protect --help`")
