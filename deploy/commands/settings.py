"""`writeback settings show|set|withdraw|history|diff`: a practice's versions, and what they will do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from schemas.practice_settings import PracticeSettings, SettingsHistory, SettingsVersion
    from sinks.ledger.settings.warning import SettingsWarning
    from streams.settings import ProgramSettings

app = typer.Typer(no_args_is_help=True, help="A practice's settings: versions that apply from their time on.")

Practice = Annotated[str, typer.Argument(help="The practice's id.")]
Json = Annotated[bool, typer.Option("--json", help="For machines.")]
By = Annotated[str | None, typer.Option("--by", "--as", help="Who does this; default: the user of this machine.")]
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
    practice: Practice,
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
    from deploy.commands.operator_options import print_json
    from deploy.commands.practice import user
    from sinks.ledger.settings import truth
    from sinks.ledger.settings.written import checked_id
    from streams.errors import ConfigurationError

    practice_id = checked_id("PRACTICE", practice)
    edit = edit_of(file, changes)
    if not why.strip():
        raise ConfigurationError("settings are saved with --why REASON: it stands in the history and the audit trail")
    with here("settings") as (connection, settings):
        version = truth.change(
            connection,
            practice_id,
            lambda newest: edit(practice_id, newest),
            truth.Saving(actor=by or user(), reason=why, without_golive=without_golive),
            clock=settings.clock(),
            jitter_s=jitter(settings),
            effective_from=effective_from,
        )
        history, warnings = _read(connection, practice_id, version.settings)
    said = _differences(history, _before(history, version.version), version.version)
    if as_json:
        print_json(_version_json(version) | {"changes": said, "warnings": warnings} | {"practice_id": practice_id})
        return
    print(f"{practice_id}: settings version {version.version} in force from {version.effective_from.isoformat()}")
    for each in said:
        print(f"  {each}")
    print("all payments that happen from then on follow the updated settings")
    _print_warnings(warnings)


@app.command()
def withdraw(
    practice: Practice,
    version: Annotated[int | None, typer.Option("--version", min=1, help="Which; default: the newest.")] = None,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Take back the newest version before it begins, so that another can begin earlier, or at once."""
    import msgspec

    from deploy.commands.operator_options import print_json
    from deploy.commands.practice import user
    from sinks.ledger.settings import withdrawing
    from sinks.ledger.settings.truth import Saving
    from sinks.ledger.settings.written import checked_id

    practice_id = checked_id("PRACTICE", practice)
    with here("settings") as (connection, settings):
        saving = Saving(actor=by or user(), reason=why)
        taken = withdrawing.withdraw(connection, practice_id, saving, clock=settings.clock(), version=version)
        left, _ = _read(connection, practice_id, None)
    newest = left.newest
    if as_json:
        told = msgspec.structs.asdict(taken) | _version_json(taken.version)
        print_json({"practice_id": practice_id, "newest_version": None if newest is None else newest.version} | told)
        return
    print(f"{practice_id}: version {taken.version.version} is withdrawn and never begins")
    if newest is None:
        print(f"no settings are left, so its payments wait: `writeback settings set {practice_id} FILE --why WHY`")
    else:
        print(f"the newest is version {newest.version}, from {newest.effective_from.isoformat()}")


@app.command()
def show(practice: Practice, as_json: Json = False) -> None:
    """The version in force, where each field comes from, and what these settings will do."""
    from deploy.commands.operator_options import print_json
    from sinks.ledger.practices import require_practice
    from sinks.ledger.settings import golive_state, inheriting
    from sinks.ledger.settings.fields import fields_of, shown
    from sinks.ledger.settings.history import history_of, newest
    from sinks.ledger.settings.written import checked_id

    practice_id = checked_id("PRACTICE", practice)
    with here("settings") as (connection, settings):
        with connection.transaction(), connection.cursor() as cursor:
            require_practice(cursor, practice_id)
            saved = history_of(cursor, practice_id)
            standing = newest(cursor, practice_id)
            group = inheriting.group_of(cursor, practice_id)
            ready = golive_state.readiness(cursor, practice_id)
        version = saved.in_force(settings.clock().now()) or saved.newest
        warnings = () if version is None else _read(connection, practice_id, version.settings)[1]
    own = () if standing is None else standing.own
    if as_json:
        print_json(
            {
                "practice_id": practice_id,
                "in_force": None if version is None else _version_json(version),
                "newest_version": None if standing is None else standing.version,
                "organisation": None if group is None else group.organisation_id,
                "own": own,
                "locked": () if group is None else group.locked,
                "entitled": ready.entitled_at is not None,
                "golive_passed": ready.passed,
                "warnings": warnings,
            }
        )
        return
    if version is None:
        print(f"{practice_id}: no settings yet")
        return
    ahead = "" if standing is None or standing.version == version.version else f" (newest: {standing.version})"
    print(f"{practice_id}: version {version.version} from {version.effective_from.isoformat()}{ahead}")
    print(f"saved by {version.saved_by}" + (f": {version.reason}" if version.reason else ""))
    for name, value in fields_of(version.settings).items():
        origin = "" if group is None else _origin(name, group.fields, group.locked, own)
        print(f"  {name:32} {shown(value)}{origin}")
    _print_warnings(warnings)


@app.command()
def history(practice: Practice, as_json: Json = False) -> None:
    """Every version: when it begins, who saved it, why, and what it changed; also those withdrawn before they began."""
    import msgspec

    from deploy.commands.operator_options import print_json, print_table
    from sinks.ledger.settings.withdrawing import withdrawn
    from sinks.ledger.settings.written import checked_id

    practice_id = checked_id("PRACTICE", practice)
    with here("settings") as (connection, settings):
        found, _ = _read(connection, practice_id, None)
        with connection.cursor() as cursor:
            taken = withdrawn(cursor, practice_id)
        now = settings.clock().now()
    if as_json:
        gone = [msgspec.structs.asdict(each) | _version_json(each.version) for each in taken]
        print_json(msgspec.structs.asdict(found) | {"withdrawn": gone})
        return
    in_force = found.in_force(now)
    rows = [
        (
            each.version,
            "in force" if each is in_force else "ahead" if each.effective_from > now else "",
            each.effective_from.isoformat(timespec="seconds"),
            each.saved_by,
            each.reason,
            "; ".join(map(str, _differences(found, before, each.version))) if before else "the first",
        )
        for each in found.versions
        for before in [_before(found, each.version)]
    ]
    rows += [
        (
            each.version.version,
            "withdrawn",
            each.version.effective_from.isoformat(timespec="seconds"),
            each.version.saved_by,
            each.version.reason,
            f"never began: withdrawn by {each.withdrawn_by}: {each.why}",
        )
        for each in taken
    ]
    print_table(practice_id, ("version", "", "from", "by", "why", "changed"), sorted(rows))


@app.command()
def diff(
    practice: Practice,
    first: Annotated[int | None, typer.Argument(help="A version; default: the one before the second.")] = None,
    second: Annotated[int | None, typer.Argument(help="Another; default: the newest.")] = None,
    as_json: Json = False,
) -> None:
    """What differs between two versions, field by field."""
    from deploy.commands.operator_options import print_json
    from sinks.ledger.settings.written import checked_id

    practice_id = checked_id("PRACTICE", practice)
    with here("settings") as (connection, _):
        found, _ = _read(connection, practice_id, None)
    newest = found.newest
    after = second if second is not None else 0 if newest is None else newest.version
    before = first if first is not None else _before(found, after)
    said = _differences(found, before, after)
    if as_json:
        print_json({"practice_id": practice_id, "from": before, "to": after, "changes": said})
        return
    print(f"{practice_id}: version {before} -> version {after}")
    for each in said:
        print(f"  {each}")
    if not said:
        print("  nothing differs")


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


def edit_of(file: Path | None, changes: list[str] | None) -> Any:
    """What a command's FILE or --change make of a practice's newest settings. ConfigurationError for both or none."""
    from sinks.ledger.settings.fields import parse_changes, with_fields
    from sinks.ledger.settings.written import read_settings
    from streams.errors import ConfigurationError

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


def _read(
    connection: Connection[TupleRow], practice_id: str, settings: PracticeSettings | None
) -> tuple[SettingsHistory, tuple[SettingsWarning, ...]]:
    from sinks.ledger.practices import require_practice
    from sinks.ledger.settings.abilities import warnings_of
    from sinks.ledger.settings.history import history_of

    with connection.transaction(), connection.cursor() as cursor:
        require_practice(cursor, practice_id)
        found = history_of(cursor, practice_id)
        return found, () if settings is None else warnings_of(cursor, practice_id, settings)


def _before(found: SettingsHistory, version: int) -> int:
    """The version before this one; 0 before the first. Numbers of withdrawn versions are missing between them."""
    return max((each.version for each in found.versions if each.version < version), default=0)


def _differences(found: SettingsHistory, before: int, after: int) -> tuple[Any, ...]:
    """Between two versions of a history; 0 stands before the first."""
    from sinks.ledger.settings.fields import differences
    from streams.errors import ConfigurationError

    known = {each.version: each.settings for each in found.versions}
    for number in (before, after):
        if number not in known and number != 0:
            there = f"versions {', '.join(map(str, known))}" if known else "no version"
            raise ConfigurationError(f"{found.practice_id} has no version {number}: there are {there}")
    return differences(known.get(before), known[after]) if after else ()


def _origin(name: str, inherited: Any, locked: Any, own: Any) -> str:
    if name in locked:
        return "  (locked by the organisation)"
    if name in own:
        return "  (its own)"
    return "  (from the organisation)" if name in inherited else ""


def _version_json(version: SettingsVersion) -> dict[str, Any]:
    import msgspec

    return {name: getattr(version, name) for name in msgspec.structs.asdict(version)}


def _print_warnings(warnings: tuple[SettingsWarning, ...]) -> None:
    for each in warnings:
        print(f"{each.level.value} {each.code.value} ({each.field}): {each.text}")
