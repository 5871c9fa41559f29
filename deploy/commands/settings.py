"""`writeback settings show|set|withdraw|history|diff`: a practice's versions, and what they will do."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import By, Json, PracticeId, Why, Yes
from deploy.commands.settings_views import diff, history, show

if TYPE_CHECKING:
    from sinks.operations.actions.settings import SettingsSaved, SettingsWithdrawn

app = typer.Typer(no_args_is_help=True, help="A practice's settings: versions that apply from their time on.")
app.command()(show)

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
def set_(
    practice: PracticeId,
    file: Annotated[
        Path | None, typer.Argument(help="JSON with the whole settings; what is left out has its default.")
    ] = None,
    changes: Changes = None,
    effective_from: From = None,
    without_golive: WithoutGolive = None,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Save a version: whole from FILE, or the newest with some fields changed. All payments that happen from then on
    follow it; none before does."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from sinks.operations.actions.settings import edit_of, save_settings

    edit = edit_of(practice, file, changes)
    with open_ledger("settings") as opened:
        saved = save_settings(
            opened.ledger,
            practice,
            edit,
            order_of(yes, why, by),
            effective_from=effective_from,
            without_golive=without_golive,
        )
    (_print_saved_json if as_json else _print_saved)(practice, saved, yes)


@app.command()
def withdraw(
    practice: PracticeId,
    version: Annotated[int | None, typer.Option("--version", min=1, help="Which; default: the newest.")] = None,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Take back the newest version before it begins, so that another can begin earlier, or at once."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from sinks.operations.actions.settings import withdraw_settings

    with open_ledger("settings") as opened:
        done = withdraw_settings(opened.ledger, practice, order_of(yes, why, by), version=version)
    (_print_withdrawn_json if as_json else _print_withdrawn)(practice, done, yes)


app.command()(history)
app.command()(diff)


def _print_saved(practice: str, saved: SettingsSaved, applied: bool) -> None:
    from deploy.commands.printing import APPLY_HINT, print_moves
    from deploy.commands.settings_views import print_warnings

    version = saved.version
    would = "" if applied else "would be saved, "
    print(f"{practice}: settings version {version.version} {would}in force from {version.effective_from.isoformat()}")
    for each in saved.changes:
        print(f"  {each}")
    print("all payments that happen from then on follow the updated settings")
    print_moves(saved.moves, applied)
    if saved.stops:
        print("posting stops then: what is due waits, as PAUSED, until the master switch is on again")
    print_warnings(saved.warnings)
    if not applied:
        print(APPLY_HINT)


def _print_saved_json(practice: str, saved: SettingsSaved, applied: bool) -> None:
    import msgspec

    from deploy.commands.printing import print_json

    more = {"practice_id": practice, "changes": saved.changes, "warnings": saved.warnings, "moves": saved.moves}
    print_json({"dry_run": not applied} | msgspec.structs.asdict(saved.version) | more | {"stops": saved.stops})


def _print_withdrawn(practice: str, done: SettingsWithdrawn, applied: bool) -> None:
    from deploy.commands.printing import APPLY_HINT

    is_withdrawn = "is withdrawn and never begins" if applied else "would be withdrawn and never begin"
    print(f"{practice}: version {done.withdrawn.version.version} {is_withdrawn}")
    if done.newest is None:
        print(f"no settings are left, so its payments wait: `writeback settings set {practice} FILE --yes --why TEXT`")
    else:
        print(f"the newest is version {done.newest.version}, from {done.newest.effective_from.isoformat()}")
    if done.outstanding is not None:
        behind = done.outstanding
        print(f"not taken from the organisation {behind.called}: {', '.join(map(str, behind.differences))}")
        along = f"writeback organisation set {behind.organisation_id} --yes --why TEXT"
        print(f"`{along}` brings it along (with --from: then)")
    if not applied:
        print(APPLY_HINT)


def _print_withdrawn_json(practice: str, done: SettingsWithdrawn, applied: bool) -> None:
    import msgspec

    from deploy.commands.printing import print_json

    newest = None if done.newest is None else done.newest.version
    fields = msgspec.structs.asdict(done.withdrawn) | msgspec.structs.asdict(done.withdrawn.version)
    print_json({"dry_run": not applied, "practice_id": practice, "newest_version": newest} | fields)
