"""`writeback settings show|set|withdraw|history|diff`: a practice's versions, and what they will do."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.commands.operator_options import By, Json, PracticeId
from deploy.commands.settings_shown import (
    diff,
    differences_between,
    history,
    print_warnings,
    saved_versions,
    show,
    version_before,
)

if TYPE_CHECKING:
    from schemas.practice_settings import PracticeSettings

app = typer.Typer(no_args_is_help=True, help="A practice's settings: versions that apply from their time on.")
app.command()(show)
app.command()(history)
app.command()(diff)

Why = Annotated[str, typer.Option("--why", "--reason", help="Why, for the history; needed.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--change", help="A field and its value, like amount=GROSS or types.terminal=MANUAL; repeatable."),
]
From = Annotated[
    datetime | None,
    typer.Option(
        "--from",
        help="When it begins, with its zone; default: now.",
        formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"],
    ),
]
WithoutGolive = Annotated[
    str | None,
    typer.Option("--without-golive", help="Why the master may be on before the go-live check passed; audited."),
]


@app.command("set")
def save(
    practice: PracticeId,
    file: Annotated[
        Path | None, typer.Argument(help="JSON with the whole settings; what is left out has its default.")
    ] = None,
    changes: Changes = None,
    effective_from: From = None,
    why: Why = "",
    by: By = None,
    without_golive: WithoutGolive = None,
    as_json: Json = False,
) -> None:
    """Save a version: whole from FILE, or the newest with some fields changed. All payments that happen from then on
    follow it; none before does."""
    import msgspec

    from deploy.commands.open_ledger import here, jitter
    from deploy.commands.operator_options import person, print_json
    from sinks.ledger.practices.settings import settings_store
    from sinks.ledger.practices.settings.settings_file import checked_id
    from streams.runtime.errors import ConfigurationError

    practice_id = checked_id("PRACTICE", practice)
    edit = edit_of(file, changes)
    if not why.strip():
        raise ConfigurationError("settings are saved with --why REASON: it stands in the history and the audit trail")
    with here("settings") as (connection, settings):
        version = settings_store.change(
            connection,
            practice_id,
            lambda newest: edit(practice_id, newest),
            settings_store.Saving(actor=person(by), reason=why, without_golive=without_golive),
            clock=settings.clock(),
            jitter_s=jitter(settings),
            effective_from=effective_from,
        )
        found, warnings = saved_versions(connection, practice_id, version.settings)
    said = differences_between(found, version_before(found, version.version), version.version)
    if as_json:
        told = {"practice_id": practice_id, "changes": said, "warnings": warnings}
        print_json(msgspec.structs.asdict(version) | told)
        return
    print(f"{practice_id}: settings version {version.version} in force from {version.effective_from.isoformat()}")
    for each in said:
        print(f"  {each}")
    print("all payments that happen from then on follow the updated settings")
    print_warnings(warnings)


@app.command()
def withdraw(
    practice: PracticeId,
    version: Annotated[int | None, typer.Option("--version", min=1, help="Which; default: the newest.")] = None,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Take back the newest version before it begins, so that another can begin earlier, or at once."""
    import msgspec

    from deploy.commands.open_ledger import here
    from deploy.commands.operator_options import person, print_json
    from sinks.ledger.practices.settings import withdrawal
    from sinks.ledger.practices.settings.settings_file import checked_id
    from sinks.ledger.practices.settings.settings_store import Saving

    practice_id = checked_id("PRACTICE", practice)
    with here("settings") as (connection, settings):
        saving = Saving(actor=person(by), reason=why)
        taken = withdrawal.withdraw(connection, practice_id, saving, clock=settings.clock(), version=version)
        left, _ = saved_versions(connection, practice_id, None)
        with connection.cursor() as cursor:
            behind = withdrawal.outstanding(cursor, practice_id)
    newest = left.newest
    if as_json:
        told = msgspec.structs.asdict(taken) | msgspec.structs.asdict(taken.version)
        print_json({"practice_id": practice_id, "newest_version": None if newest is None else newest.version} | told)
        return
    print(f"{practice_id}: version {taken.version.version} is withdrawn and never begins")
    if newest is None:
        print(f"no settings are left, so its payments wait: `writeback settings set {practice_id} FILE --why WHY`")
    else:
        print(f"the newest is version {newest.version}, from {newest.effective_from.isoformat()}")
    if behind is not None:
        print(f"not taken from the organisation {behind.called}: {', '.join(map(str, behind.differences))}")
        print(
            f"`writeback organisation set {behind.organisation_id} --yes --why WHY` brings it along (with --from: then)"
        )


def edit_of(file: Path | None, changes: list[str] | None) -> Any:
    """What a command's FILE or --change make of a practice's newest settings. ConfigurationError for both or none."""
    from sinks.ledger.practices.settings.fields import parse_changes, with_fields
    from sinks.ledger.practices.settings.settings_file import read_settings
    from streams.runtime.errors import ConfigurationError

    if (file is None) is (not changes):
        raise ConfigurationError("give the whole settings in FILE, or some fields with --change field=value")
    whole = None if file is None else read_settings(file)
    fields = parse_changes(changes or ())

    def edit(practice_id: str, newest: PracticeSettings | None) -> PracticeSettings:
        if whole is not None:
            return whole
        if newest is None:
            raise ConfigurationError(f"{practice_id} has no settings to change yet: give all of them in FILE")
        return with_fields(newest, fields)

    return edit
