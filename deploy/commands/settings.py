"""`writeback settings set|show`: a practice's versions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from streams.settings import ProgramSettings

app = typer.Typer(no_args_is_help=True, help="A practice's settings: versions that apply from their time on.")

Practice = Annotated[str, typer.Argument(help="The practice's id.")]


@app.command("set")
def save(
    practice: Practice,
    file: Annotated[Path, typer.Argument(help="JSON with the whole settings; what is left out has its default.")],
    effective_from: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            help="When it begins, with its zone; default: now.",
            formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"],
        ),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for the history.")] = "",
    actor: Annotated[str | None, typer.Option("--as", help="Who does this; default: the user of this machine.")] = None,
) -> None:
    """Save a version. All payments that happen from then on follow it; none before does."""
    from deploy.commands.practice import user
    from sinks.ledger import settings_truth
    from sinks.ledger.settings_input import checked_id, read_settings

    practice_id = checked_id("PRACTICE", practice)
    given = read_settings(file)
    with here("settings") as (connection, settings):
        version = settings_truth.save(
            connection,
            practice_id,
            given,
            settings_truth.Saving(actor=actor or user(), reason=reason),
            clock=settings.clock(),
            jitter_s=jitter(settings),
            effective_from=effective_from,
        )
    print(f"{practice_id}: settings version {version.version} in force from {version.effective_from.isoformat()}")


@app.command()
def show(
    practice: Practice, as_json: Annotated[bool, typer.Option("--json", help="The whole history.")] = False
) -> None:
    """The version in force and the history before and after it."""
    import msgspec

    from sinks.ledger import settings_truth
    from sinks.ledger.settings_input import checked_id

    practice_id = checked_id("PRACTICE", practice)
    with here("settings") as (connection, settings), connection.transaction(), connection.cursor() as cursor:
        settings_truth.require_practice(cursor, practice_id)
        history = settings_truth.history(cursor, practice_id)
        now = settings.clock().now()
    if as_json:
        print(msgspec.json.encode(history).decode())
        return
    in_force = history.in_force(now)
    for version in history.versions:
        mark = "in force" if version is in_force else "from" if version.effective_from > now else "was"
        print(f"version {version.version} ({mark} {version.effective_from.isoformat()}) by {version.saved_by}")
    if in_force is not None:
        print(msgspec.json.format(msgspec.json.encode(in_force.settings), indent=2).decode())


@contextmanager
def here(application: str) -> Iterator[tuple[Connection[TupleRow], ProgramSettings]]:
    """The ledger of this environment, with its schema in place."""
    from deploy.servers import settings_here
    from sinks.ledger.database import connect
    from sinks.ledger.migrate import migrate

    settings = settings_here()
    migrate(settings.database_url)
    with connect(settings.database_url, application) as connection:
        yield connection, settings


def jitter(settings: ProgramSettings) -> int:
    from sinks.ledger.gates import JITTER_S

    return JITTER_S[settings.profile]
