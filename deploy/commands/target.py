"""`writeback target add|test|choices|list`: a practice's connections to its PMS and to QuickBooks."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.operator_options import By
from deploy.commands.target_choices import choices

if TYPE_CHECKING:
    from schemas.vocabulary import Target
    from sinks.ledger.practices.stored_connections import ListedConnection
    from sinks.targets.port import ConnectionReport
    from streams.settings import ProgramSettings

app = typer.Typer(no_args_is_help=True, help="Connect practices to their systems, and prove the connections.")
app.command("choices")(choices)

SECRETS_VARIABLE = "WRITEBACK_TARGET_SECRETS"
TEST_S = 30.0
"""For the whole of a test; it reads three pages at most."""
INPUT_LIMIT = 1024 * 1024

Practice = Annotated[str, typer.Argument(help="The practice's id.")]
System = Annotated[str, typer.Argument(help="open-dental or quickbooks.")]
Json = Annotated[bool, typer.Option("--json", help="For machines.")]


@app.command()
def add(
    practice: Practice,
    target: System,
    config: Annotated[Path, typer.Option("--config", help="Mapping, a JSON file.", dir_okay=False)],
    base_url: Annotated[str | None, typer.Option(help="Default: the vendor's own.")] = None,
    secrets: Annotated[
        str | None,
        typer.Option(help=f"A JSON file, or - for standard input; or set {SECRETS_VARIABLE}. Without: kept."),
    ] = None,
    same_account: Annotated[
        bool, typer.Option("--same-account", help="Other keys, same books: allowed while entries are in doubt.")
    ] = False,
    actor: By = None,
) -> None:
    """Connect PRACTICE to TARGET, or repair its connection: what died of the old setting goes again by itself."""
    from deploy.commands.operator_options import person
    from deploy.servers import settings_here
    from sinks.ledger.practices.connections import save_connection
    from sinks.ledger.practices.staff_text import checked_text
    from sinks.ledger.practices.stored_connections import stored_fingerprint
    from sinks.ledger.schema.database import connect
    from sinks.ledger.schema.migrate import migrate
    from sinks.ledger.unit_of_work import unit_of_work
    from sinks.targets.catalogue import route_named
    from sinks.targets.connection_input import checked_input
    from sinks.targets.credentials import KeyRing

    route = route_named(target)
    settings = settings_here()
    mapping, secret = _read_file(config, "--config"), _secrets(secrets)
    keys = KeyRing.of(settings)
    migrate(settings.database_url)
    with (
        connect(settings.database_url, "target") as connection,
        unit_of_work(connection, practice, clock=settings.clock(), jitter_s=0) as unit,
    ):
        given = checked_input(
            practice,
            route,
            base_url=base_url,
            config=mapping,
            secret=secret,
            keys=keys,
            known_fingerprint=stored_fingerprint(unit.cursor, practice, route.target),
            same_account=same_account,
        )
        saved = save_connection(unit, given, actor=checked_text("--as", person(actor)))
    print(f"{practice}: {target} {'connected' if saved.added else 'changed'} at {given.base_url}")
    if saved.released:
        print(f"{saved.released} entries that had stopped because of the setting are due again")
    print(f"prove it with: writeback target test {practice} {target}")


@app.command("test")
def prove(practice: Practice, target: System, as_json: Json = False) -> None:
    """Prove a connection and its mapping without posting anything. Exit code 1 when a check fails."""
    import asyncio

    from deploy.servers import settings_here
    from sinks.targets.catalogue import route_named

    report = asyncio.run(_tested(settings_here(), practice, route_named(target).target))
    if as_json:
        checks = [list(check) for check in report.checks]
        print(json.dumps({"ok": report.ok, "checks": checks, "notes": list(report.notes)}))
    else:
        _show_report(practice, target, report)
    if not report.ok:
        raise typer.Exit(1)


@app.command("list")
def list_(
    practice: Annotated[str | None, typer.Argument(help="Only this practice.")] = None, as_json: Json = False
) -> None:
    """Show connections and whether they are open; no secrets."""
    import msgspec

    from deploy.servers import settings_here
    from sinks.ledger.practices.stored_connections import list_connections
    from sinks.ledger.schema.database import connect

    with connect(settings_here().database_url, "target") as connection, connection.cursor() as cursor:
        found = list_connections(cursor, practice)
    if as_json:
        print(msgspec.json.encode(found).decode())
        return
    from deploy.commands.operator_options import print_table

    headings = ("practice", "target", "route", "address", "state", "changed")
    print_table("", headings, (_listed(each) for each in found))


def _listed(each: ListedConnection) -> tuple[str, ...]:
    state = each.closed_reason or ("open" if each.enabled else "switched off")
    changed = f"{each.changed_at:%Y-%m-%d %H:%M} UTC"
    return each.practice_id, each.target, each.route, each.base_url, state, changed


async def _tested(settings: ProgramSettings, practice: str, target: Target) -> ConnectionReport:
    """Open the stored connection as the poster does, and ask it."""
    from deploy.open_targets import open_stored

    opened = open_stored(settings, practice, target)
    try:
        return await opened.test(TEST_S)
    finally:
        await opened.close()


def _show_report(practice: str, target: str, report: ConnectionReport) -> None:
    from deploy.commands.operator_options import print_table

    checks = ((what, "ok" if passed else "FAILED", "" if passed else advice) for what, passed, advice in report.checks)
    print_table(f"{practice}: {target}", ("check", "result", "what to do"), checks)
    for note in report.notes:
        print(f"note: {note}")
    print("the connection works; nothing was posted" if report.ok else "the connection does not work yet")


def _secrets(chosen: str | None) -> bytes | None:
    """From a file, standard input or the environment; an argument would stand in every process list (S-6)."""
    if chosen == "-":
        return sys.stdin.buffer.read(INPUT_LIMIT)
    if chosen is not None:
        return _read_file(Path(chosen), "--secrets")
    text = os.environ.get(SECRETS_VARIABLE)
    return text.encode() if text else None


def _read_file(path: Path, option: str) -> bytes:
    from streams.runtime.errors import ConfigurationError

    try:
        with path.open("rb") as file:
            return file.read(INPUT_LIMIT)
    except OSError as error:
        raise ConfigurationError(f"{option}: the file cannot be read ({error.strerror})") from None
