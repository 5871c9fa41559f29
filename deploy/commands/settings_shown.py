"""What `writeback settings show|history|diff` tell of a practice's versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.commands.operator_options import Json, PracticeId

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from schemas.practice_settings import PracticeSettings, SettingsHistory
    from sinks.ledger.practices.settings.warnings import SettingsWarning


def show(practice: PracticeId, as_json: Json = False) -> None:
    """The version in force, where each field comes from, and what these settings will do."""
    import msgspec

    from deploy.commands.open_ledger import here
    from deploy.commands.operator_options import print_json
    from sinks.ledger.practices.registry import require_practice
    from sinks.ledger.practices.settings import golive_state, inheritance
    from sinks.ledger.practices.settings.fields import fields_of, shown
    from sinks.ledger.practices.settings.history import history_of, newest
    from sinks.ledger.practices.settings.settings_file import checked_id

    practice_id = checked_id("PRACTICE", practice)
    with here("settings") as (connection, settings):
        with connection.transaction(), connection.cursor() as cursor:
            require_practice(cursor, practice_id)
            saved = history_of(cursor, practice_id)
            standing = newest(cursor, practice_id)
            group = inheritance.group_of(cursor, practice_id)
            ready = golive_state.readiness(cursor, practice_id)
        version = saved.in_force(settings.clock().now()) or saved.newest
        warnings = () if version is None else saved_versions(connection, practice_id, version.settings)[1]
    own = () if standing is None else standing.own
    if as_json:
        print_json(
            {
                "practice_id": practice_id,
                "in_force": None if version is None else msgspec.structs.asdict(version),
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
    print_warnings(warnings)


def history(practice: PracticeId, as_json: Json = False) -> None:
    """Every version: when it begins, who saved it, why, and what it changed; also those withdrawn before they began."""
    import msgspec

    from deploy.commands.open_ledger import here
    from deploy.commands.operator_options import print_json, print_table
    from sinks.ledger.practices.settings.settings_file import checked_id
    from sinks.ledger.practices.settings.withdrawal import withdrawn

    practice_id = checked_id("PRACTICE", practice)
    with here("settings") as (connection, settings):
        found, _ = saved_versions(connection, practice_id, None)
        with connection.cursor() as cursor:
            taken = withdrawn(cursor, practice_id)
        now = settings.clock().now()
    if as_json:
        gone = [msgspec.structs.asdict(each) | msgspec.structs.asdict(each.version) for each in taken]
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
            "; ".join(map(str, differences_between(found, before, each.version))) if before else "the first",
        )
        for each in found.versions
        for before in [version_before(found, each.version)]
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


def diff(
    practice: PracticeId,
    first: Annotated[int | None, typer.Argument(help="A version; default: the one before the second.")] = None,
    second: Annotated[int | None, typer.Argument(help="Another; default: the newest.")] = None,
    as_json: Json = False,
) -> None:
    """What differs between two versions, field by field."""
    from deploy.commands.open_ledger import here
    from deploy.commands.operator_options import print_json
    from sinks.ledger.practices.settings.settings_file import checked_id

    practice_id = checked_id("PRACTICE", practice)
    with here("settings") as (connection, _):
        found, _ = saved_versions(connection, practice_id, None)
    newest = found.newest
    after = second if second is not None else 0 if newest is None else newest.version
    before = first if first is not None else version_before(found, after)
    said = differences_between(found, before, after)
    if as_json:
        print_json({"practice_id": practice_id, "from": before, "to": after, "changes": said})
        return
    print(f"{practice_id}: version {before} -> version {after}")
    for each in said:
        print(f"  {each}")
    if not said:
        print("  nothing differs")


def saved_versions(
    connection: Connection[TupleRow], practice_id: str, settings: PracticeSettings | None
) -> tuple[SettingsHistory, tuple[SettingsWarning, ...]]:
    """A practice's versions, and what `settings` (if any) will do there. ConfigurationError for an unknown practice."""
    from sinks.ledger.practices.registry import require_practice
    from sinks.ledger.practices.settings.capabilities import warnings_of
    from sinks.ledger.practices.settings.history import history_of

    with connection.transaction(), connection.cursor() as cursor:
        require_practice(cursor, practice_id)
        found = history_of(cursor, practice_id)
        return found, () if settings is None else warnings_of(cursor, practice_id, settings)


def version_before(found: SettingsHistory, version: int) -> int:
    """The version before this one; 0 before the first. Numbers of withdrawn versions are missing between them."""
    return max((each.version for each in found.versions if each.version < version), default=0)


def differences_between(found: SettingsHistory, before: int, after: int) -> tuple[Any, ...]:
    """Between two versions of a history; 0 stands before the first."""
    from sinks.ledger.practices.settings.fields import differences
    from streams.runtime.errors import ConfigurationError

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


def print_warnings(warnings: tuple[SettingsWarning, ...]) -> None:
    for each in warnings:
        print(f"{each.level.value} {each.code.value} ({each.field}): {each.text}")
