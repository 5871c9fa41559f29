"""`writeback settings show|history|diff`: shows a practice's versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import Json, PracticeId

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sinks.ledger.practices.settings.warnings import SettingsWarning
    from sinks.operations.queries.settings_views import HistoryView, SettingsView


def show(practice: PracticeId, as_json: Json = False) -> None:
    """Show the version in force, where each field comes from, and what these settings will do."""
    from deploy.commands.open_ledger import open_ledger
    from sinks.operations.queries.settings_views import view_settings

    with open_ledger("settings") as opened:
        view = view_settings(opened.ledger, practice)
    (_print_view_json if as_json else _print_view)(view)


def history(practice: PracticeId, as_json: Json = False) -> None:
    """Show every version: when it begins, who saved it, why, and what it changed; also those that were withdrawn
    before they began."""
    import msgspec

    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import print_json, print_table
    from sinks.operations.queries.settings_views import view_history

    with open_ledger("settings") as opened:
        view = view_history(opened.ledger, practice)
        now = opened.ledger.clock.now()
    if as_json:
        gone = [msgspec.structs.asdict(each) | msgspec.structs.asdict(each.version) for each in view.withdrawn]
        print_json(msgspec.structs.asdict(view.history) | {"withdrawn": gone})
        return
    rows = [*_version_rows(view, now), *_withdrawn_rows(view)]
    print_table(view.history.practice_id, ("version", "", "from", "by", "why", "changed"), sorted(rows))


def diff(
    practice: PracticeId,
    first: Annotated[int | None, typer.Argument(help="A version; default: the one before the second.")] = None,
    second: Annotated[int | None, typer.Argument(help="Another; default: the newest.")] = None,
    as_json: Json = False,
) -> None:
    """Show what differs between two versions, field by field."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import print_json
    from sinks.operations.queries.settings_views import compare_versions

    with open_ledger("settings") as opened:
        found = compare_versions(opened.ledger, practice, first, second)
    if as_json:
        fields = {"from": found.before, "to": found.after, "changes": found.changes}
        print_json({"practice_id": found.practice_id} | fields)
        return
    print(f"{found.practice_id}: version {found.before} -> version {found.after}")
    for each in found.changes:
        print(f"  {each}")
    if not found.changes:
        print("  nothing differs")


def print_warnings(warnings: tuple[SettingsWarning, ...]) -> None:
    for each in warnings:
        print(f"{each.level.value} {each.code.value} ({each.field}): {each.text}")


def _print_view(view: SettingsView) -> None:
    from sinks.ledger.practices.settings.fields import fields_of, shown

    version = view.in_force
    if version is None:
        print(f"{view.practice_id}: no settings yet")
        return
    ahead = "" if view.newest_version in (None, version.version) else f" (newest: {view.newest_version})"
    print(f"{view.practice_id}: version {version.version} from {version.effective_from.isoformat()}{ahead}")
    print(f"saved by {version.saved_by}" + (f": {version.reason}" if version.reason else ""))
    for name, value in fields_of(version.settings).items():
        print(f"  {name:32} {shown(value)}{_origin(view, name)}")
    print_warnings(view.warnings)


def _print_view_json(view: SettingsView) -> None:
    import msgspec

    from deploy.commands.printing import print_json

    fields = msgspec.structs.asdict(view)
    del fields["inherited"]
    print_json(fields)


def _origin(view: SettingsView, name: str) -> str:
    if view.organisation is None:
        return ""
    if name in view.locked:
        return "  (locked by the organisation)"
    if name in view.own:
        return "  (its own)"
    return "  (from the organisation)" if name in view.inherited else ""


def _version_rows(view: HistoryView, now: datetime) -> Iterator[tuple[object, ...]]:
    from sinks.operations.queries.settings_views import differences_between, version_before

    for each in view.history.versions:
        before = version_before(view.history, each.version)
        yield (
            each.version,
            "in force" if each is view.in_force else "ahead" if each.effective_from > now else "",
            each.effective_from.isoformat(timespec="seconds"),
            each.saved_by,
            each.reason,
            "; ".join(map(str, differences_between(view.history, before, each.version))) if before else "the first",
        )


def _withdrawn_rows(view: HistoryView) -> Iterator[tuple[object, ...]]:
    for each in view.withdrawn:
        yield (
            each.version.version,
            "withdrawn",
            each.version.effective_from.isoformat(timespec="seconds"),
            each.version.saved_by,
            each.version.reason,
            f"never began: withdrawn by {each.withdrawn_by}: {each.why}",
        )
