"""`writeback target add|share|replace|test|choices|list`: a practice's connections to its PMS and to QuickBooks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import By, Json, PracticeId, Why, Yes
from deploy.commands.target_replace import replace
from deploy.commands.target_secrets import SECRETS_HELP, secrets_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deploy.commands.open_ledger import Opened
    from sinks.ledger.practices.stored_connections import ListedConnection
    from sinks.operations.acting import Order
    from sinks.operations.actions.connect_target import TargetConnected
    from sinks.operations.actions.describe_target import TargetDescribed
    from sinks.targets.choices import Choice
    from sinks.targets.port import ConnectionReport

app = typer.Typer(no_args_is_help=True, help="Connect practices to their systems, and prove the connections.")

System = Annotated[
    str,
    typer.Argument(metavar="SYSTEM", help="The name of a system, such as open-dental; worklist: everything by hand."),
]


@app.command()
def add(
    practice: PracticeId,
    system: System,
    config: Annotated[
        Path | None, typer.Option("--config", help="Mapping, a JSON file; a work list has none.", dir_okay=False)
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="Default: the vendor's own.")] = None,
    secrets: Annotated[
        str | None,
        typer.Option(help=SECRETS_HELP),
    ] = None,
    same_account: Annotated[
        bool, typer.Option("--same-account", help="Other keys, same books. Also repairs keys saved as other books.")
    ] = False,
    other_account: Annotated[bool, typer.Option("--other-account", help="Other keys, other books.")] = False,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Connect PRACTICE to SYSTEM, or repair its connection: what stopped because of the old setting goes on by
    itself. The system is not asked whether it has the codes of the mapping: `writeback target test` does that."""
    import msgspec

    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.parsing import read_file
    from deploy.commands.printing import print_done_json
    from sinks.operations.actions.connect_target import ConnectionWanted, connect_target
    from sinks.targets.credentials import KeyRing

    wanted = ConnectionWanted(
        practice_id=practice,
        system=system,
        base_url=base_url,
        config=b"{}" if config is None else read_file(config, "--config"),
        secret=secrets_of(secrets),
        same_account=same_account,
        other_account=other_account,
    )
    with open_ledger("target") as opened:
        wanted = msgspec.structs.replace(wanted, connector_hosts=opened.settings.connector_host_names())
        done = connect_target(opened.ledger, wanted, KeyRing.of(opened.settings), order_of(yes, why, by))
        if yes:
            _describe(opened, practice, system, order_of(yes, why, by), quiet=as_json)
    if as_json:
        print_done_json(yes, done)
    else:
        _print_connected(done, system, yes)


app.command()(replace)


@app.command()
def share(
    practice: PracticeId,
    system: System,
    home: Annotated[str, typer.Option("--with", metavar="PRACTICE", help="Whose connection to SYSTEM it uses too.")],
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Let PRACTICE post through another practice's connection: one server, one company or one key for both, whose
    limits and failures are counted once. The connection is changed and repaired at the other practice."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import APPLY_HINT, print_done_json
    from sinks.operations.actions.share_target import share_target

    with open_ledger("target") as opened:
        done = share_target(opened.ledger, practice, system, home, order_of(yes, why, by))
    if as_json:
        print_done_json(yes, done)
        return
    print(f"{done.practice_id}: {'posts' if yes else 'would post'} through the {system} connection of {done.home}")
    if not yes:
        print(APPLY_HINT)


@app.command("test")
def prove(practice: PracticeId, system: System, as_json: Json = False) -> None:
    """Prove a connection and its mapping without posting anything. Exit code 1 when a check fails."""
    import asyncio

    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import print_json
    from sinks.operations.queries.connections import test_connection

    with open_ledger("target") as opened:
        report = asyncio.run(test_connection(opened.ledger, opened.settings, practice, system))
    if as_json:
        print_json({"ok": report.ok, "checks": report.checks, "notes": report.notes})
    else:
        _print_report(practice, system, report)
    if not report.ok:
        raise typer.Exit(1)


@app.command()
def describe(
    practice: PracticeId, system: System, yes: Yes = False, why: Why = "", by: By = None, as_json: Json = False
) -> None:
    """Ask a system that can say what it can do, and keep its answer with the connection: by it payments are planned."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import APPLY_HINT, print_done_json

    with open_ledger("target") as opened:
        told = _describe(opened, practice, system, order_of(yes, why, by), quiet=as_json)
    if as_json:
        print_done_json(yes, told)
    elif not told.asked:
        print(f"{system} does not say itself what it can do: nothing to keep")
    elif not told.changed and told.failed is None:
        print(f"{practice}: {system} says what is stored already")
    if told.changed and not yes and not as_json:
        print(APPLY_HINT)
    if told.failed is not None:
        raise typer.Exit(1)


@app.command()
def choices(practice: PracticeId, system: System, as_json: Json = False) -> None:
    """List what the mapping can choose from, with the fields that take it and what is chosen now. Posts nothing."""
    import asyncio

    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import print_json
    from sinks.operations.queries.connections import read_choices

    with open_ledger("target") as opened:
        offered = asyncio.run(read_choices(opened.ledger, opened.settings, practice, system))
    if as_json:
        print_json({"practice_id": practice, "target": system, "choices": offered})
        return
    _print_choices(practice, system, offered)


@app.command("list")
def list_(
    practice: Annotated[str | None, typer.Argument(metavar="[PRACTICE]", help="Only this practice.")] = None,
    as_json: Json = False,
) -> None:
    """Show connections and whether they are open; no secrets."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import print_json, print_table
    from sinks.operations.queries.connections import connections_of

    with open_ledger("target") as opened:
        found = connections_of(opened.ledger, practice)
    if as_json:
        print_json(found)
        return
    headings = ("practice", "target", "route", "address", "state", "changed")
    print_table("", headings, map(_listed, found))


def _describe(opened: Opened, practice: str, system: str, order: Order, *, quiet: bool) -> TargetDescribed:
    """Have a system that can say what it can do say it; what stands in the connection's test is not said twice."""
    import asyncio

    from sinks.operations.actions.describe_target import describe_target

    told = asyncio.run(describe_target(opened.ledger, opened.settings, practice, system, order))
    if told.changed and not quiet:
        kept = "stored with the connection" if order.apply else "it would be stored with the connection"
        print(f"{practice}: {system} said what it can do; {kept}")
    elif told.failed is not None and not quiet:
        print(f"{practice}: {system} did not say what it can do ({told.failed}): nothing is posted until it has")
        print(f"once it can be reached: writeback target describe {practice} {system} --yes --why TEXT")
    return told


def _print_connected(done: TargetConnected, system: str, applied: bool) -> None:
    from deploy.commands.printing import APPLY_HINT, counted, print_moves

    becomes = "connected" if done.added else "changed"
    where = f" at {done.base_url}" if done.base_url else ""
    print(f"{done.practice_id}: {system} {'' if applied else 'would be '}{becomes}{where}")
    if done.released:
        due = "are due again" if applied else "would be due again"
        print(f"{done.released} entries that had stopped because of the setting {due}")
    if done.unlinked:
        lose = "have lost their links" if applied else "would lose their links"
        print(f"{counted(done.unlinked, 'patient')} {lose}, which are numbers of the former office: writeback link add")
    print_moves(done.moves, applied)
    when = "prove it with" if applied else "once it is stored, prove it with"
    if done.base_url:
        print("not checked: whether the system answers and has every code of the mapping")
    print(f"{when}: writeback target test {done.practice_id} {system}")
    if not applied:
        print(APPLY_HINT)


def _listed(each: ListedConnection) -> tuple[str, ...]:
    state = each.closed_reason or ("open" if each.enabled else "switched off")
    changed = f"{each.changed_at:%Y-%m-%d %H:%M} UTC"
    return each.practice_id, each.target, each.route, each.base_url, state, changed


def _print_report(practice: str, system: str, report: ConnectionReport) -> None:
    from deploy.commands.printing import print_table

    checks = ((what, "ok" if passed else "FAILED", "" if passed else advice) for what, passed, advice in report.checks)
    print_table(f"{practice}: {system}", ("check", "result", "what to do"), checks)
    for note in report.notes:
        print(f"note: {note}")
    print("the connection works; nothing was posted" if report.ok else "the connection does not work yet")


def _print_choices(practice: str, system: str, offered: Iterable[Choice]) -> None:
    from deploy.commands.printing import print_table

    headings = ("what", "value", "name", "about", "fields that take it", "chosen now as")
    rows = (
        (each.kind, each.value, each.name, each.detail, ", ".join(each.fields), ", ".join(each.chosen))
        for each in offered
    )
    print_table(f"{practice}: {system}", headings, rows)
    print("a field that names a value outside this list: `writeback target test` says so")
