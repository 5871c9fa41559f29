"""`writeback practice add|list|entitle`: practices of this ledger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from deploy.commands.operator_options import By, Json, PracticeId
from sinks.ledger.named_queries import named_queries

_SQL: Final = named_queries("sinks.ledger.practices")

app = typer.Typer(no_args_is_help=True, help="Practices and whom to tell.")


@app.command()
def add(
    practice: Annotated[str, typer.Argument(help="Its id, as the events name it.")],
    zone: Annotated[str | None, typer.Option(help="IANA time zone, such as America/New_York.")] = None,
    email: Annotated[str | None, typer.Option(help="Where the staff reads notices.")] = None,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    settings_file: Annotated[
        Path | None, typer.Option("--settings", help="Version 1 from a JSON file; default: everything off.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            help="Version 1 begins here (UTC) and decides what waited for it; default: now.",
            formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"],
        ),
    ] = None,
    without_golive: Annotated[
        str | None,
        typer.Option("--without-golive", help="Why its master may be on before the go-live check passed; audited."),
    ] = None,
    actor: By = None,
) -> None:
    """Make a practice known, with a first version of its settings. What it told before is decided then."""
    from deploy.commands.open_ledger import here, jitter
    from deploy.commands.operator_options import person
    from sinks.ledger.practices.settings.settings_file import checked_email, checked_id, first_settings
    from sinks.ledger.practices.settings.settings_store import Saving, add_practice
    from sinks.ledger.practices.staff_text import checked_text

    practice_id = checked_id("PRACTICE", practice)
    checked_text("--name", name or "")
    first = first_settings(zone, settings_file)
    address = None if email is None else checked_email(email)
    with here("practice") as (connection, settings):
        version = add_practice(
            connection,
            practice_id,
            first,
            Saving(actor=person(actor), reason="added", without_golive=without_golive),
            clock=settings.clock(),
            jitter_s=jitter(settings),
            name=name,
            email=address,
            since=since,
        )
    print(f"{practice_id}: added; settings version 1 in force from {version.effective_from.isoformat()}")
    if not first.master:
        print(
            "nothing is posted until its master switch is on: connect it, then writeback practice entitle and "
            "writeback golive check --switch-on"
        )


@app.command()
def entitle(
    practice: PracticeId,
    why: Annotated[str, typer.Option("--why", help="The reason, for the audit trail.")],
    by: By = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the entitlement back.")] = False,
) -> None:
    """Switch the feature on for a practice. Its master is switched on by its go-live check."""
    from deploy.commands.open_ledger import here
    from deploy.commands.operator_options import person
    from sinks.ledger.practices.settings.entitlement import entitle as decide
    from sinks.ledger.practices.settings.settings_file import checked_id
    from sinks.ledger.practices.settings.settings_store import Saving

    practice_id = checked_id("PRACTICE", practice)
    with here("practice") as (connection, settings):
        saving = Saving(actor=person(by), reason=why)
        master = decide(connection, practice_id, saving, clock=settings.clock(), withdraw=withdraw)
    if not withdraw:
        print(f"{practice_id}: entitled; prove it with: writeback golive check {practice_id} --test-patient ID")
        return
    print(f"{practice_id}: no longer entitled")
    if master:
        print(f"its master switch is still on: writeback settings set {practice_id} --change master=off --why WHY")


@app.command("list")
def show(as_json: Json = False) -> None:
    """Practices, their newest settings version and what they still need."""
    import json

    from deploy.commands.open_ledger import here

    with here("practice") as (connection, _):
        rows = connection.execute(_SQL["practices"]).fetchall()
    keys = ("practice_id", "name", "version", "master", "email", "targets")
    found = [dict(zip(keys, row, strict=True)) for row in rows]
    if as_json:
        print(json.dumps(found))
        return
    from deploy.commands.operator_options import print_table

    print_table("", ("practice", "name", "settings", "master", "e-mail", "targets"), (_listed(each) for each in found))


def _listed(each: Mapping[str, Any]) -> tuple[object, ...]:
    standing = (each["version"] or "none", "on" if each["master"] else "off")
    return (
        each["practice_id"],
        each["name"],
        *standing,
        each["email"] or "none",
        ", ".join(each["targets"] or ()) or "none",
    )
