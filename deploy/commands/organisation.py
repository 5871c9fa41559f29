"""`writeback organisation add|list|show|set|lock|unlock|join|leave`: groups of practices (SUP-2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.commands.operator_options import By, Json
from deploy.commands.settings import Changes, From

if TYPE_CHECKING:
    from sinks.ledger.practices.settings.follow_group import GroupChange
    from sinks.ledger.practices.settings.groups import Edit

app = typer.Typer(no_args_is_help=True, help="Groups: values that their practices inherit. Previews before it saves.")

Organisation = Annotated[str, typer.Argument(help="The group's id.")]
Fields = Annotated[list[str], typer.Argument(help="Names of settings, like amount or types.terminal.")]
Why = Annotated[str, typer.Option("--why", help="The reason, for the history; needed with --yes.")]
Yes = Annotated[bool, typer.Option("--yes", help="Save it. Without: only show what would change, and where.")]


@app.command()
def add(
    organisation: Organisation,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    by: By = None,
    why: Why = "",
) -> None:
    """Make a group known, without values."""
    from deploy.commands.open_ledger import here
    from deploy.commands.operator_options import person
    from sinks.ledger.practices.settings import groups
    from sinks.ledger.practices.settings.settings_file import checked_id
    from sinks.ledger.practices.settings.settings_store import Saving
    from sinks.ledger.practices.staff_text import checked_text

    known = checked_id("ORGANISATION", organisation)
    checked_text("NAME", name or "")
    with here("organisation") as (connection, settings):
        groups.add(connection, known, name, Saving(actor=person(by), reason=why), clock=settings.clock())
    print(f"{known}: added; its practices join with: writeback organisation join {known} PRACTICE")


@app.command("list")
def list_(as_json: Json = False) -> None:
    """The groups and how many practices each has."""
    import msgspec

    from deploy.commands.open_ledger import here
    from deploy.commands.operator_options import print_json, print_table
    from sinks.ledger.practices.settings import groups

    with here("organisation") as (connection, _):
        found = groups.list_groups(connection)
    if as_json:
        print_json(found)
        return
    print_table("", ("organisation", "name", "practices"), (msgspec.structs.astuple(each) for each in found))


@app.command()
def show(organisation: Organisation, as_json: Json = False) -> None:
    """A group's values and locks, its practices, and what they do otherwise."""
    from deploy.commands.open_ledger import here
    from deploy.commands.operator_options import print_json, print_table
    from sinks.ledger.practices.settings import groups
    from sinks.ledger.practices.settings.fields import shown

    with here("organisation") as (connection, settings), connection.transaction(), connection.cursor() as cursor:
        group = groups.organisation(cursor, organisation)
        members = groups.members(connection, group)
        behind = groups.preview(connection, group, effective_from=None, clock=settings.clock())
    if as_json:
        found: dict[str, Any] = {"organisation_id": group.organisation_id, "name": group.name, "version": group.version}
        found |= {"fields": group.fields, "locked": group.locked, "behind": [each.practice_id for each in behind]}
        print_json(found | {"practices": [{"practice_id": name, "own": own} for name, own in members]})
        return
    rows = ((name, shown(value), "locked" if name in group.locked else "") for name, value in group.fields.items())
    print_table(f"{group.called}, version {group.version}", ("setting", "value", ""), rows)
    print_table("", ("practice", "its own"), ((name, ", ".join(own)) for name, own in members))
    if behind:
        print(f"{len(behind)} practices do not have these values yet: writeback organisation set {organisation} --yes")


@app.command("set")
def set_(
    organisation: Organisation,
    changes: Changes = None,
    unset: Annotated[list[str] | None, typer.Option("--unset", help="A field to leave to the practices.")] = None,
    effective_from: From = None,
    yes: Yes = False,
    by: By = None,
    why: Why = "",
    as_json: Json = False,
) -> None:
    """Set values that the practices inherit. Given none, brings practices that are behind to the group's values."""
    from sinks.ledger.practices.settings.fields import parse_changes
    from sinks.ledger.practices.settings.inheritance import checked_values

    values, removed = checked_values(parse_changes(changes or ())), _known(unset or ())

    def edit(group: Any) -> Any:
        kept = {field: value for field, value in (group.fields | values).items() if field not in removed}
        return kept, [field for field in group.locked if field not in removed]

    _save(organisation, edit, "organisation.set", effective_from, yes, by, why, as_json)


@app.command()
def lock(
    organisation: Organisation, fields: Fields, yes: Yes = False, by: By = None, why: Why = "", as_json: Json = False
) -> None:
    """Lock values: no practice may have one of its own."""
    named = _known(fields)
    _save(
        organisation,
        lambda group: (group.fields, {*group.locked, *named}),
        "organisation.lock",
        None,
        yes,
        by,
        why,
        as_json,
    )


@app.command()
def unlock(
    organisation: Organisation, fields: Fields, yes: Yes = False, by: By = None, why: Why = "", as_json: Json = False
) -> None:
    """Let practices have values of their own again; none changes by it."""
    named = _known(fields)
    _save(
        organisation,
        lambda group: (group.fields, {*group.locked} - named),
        "organisation.unlock",
        None,
        yes,
        by,
        why,
        as_json,
    )


@app.command()
def join(
    organisation: Organisation,
    practice: Annotated[str, typer.Argument(help="The practice's id.")],
    keep: Annotated[list[str] | None, typer.Option("--keep", help="A field that stays the practice's own.")] = None,
    yes: Yes = False,
    by: By = None,
    why: Why = "",
    as_json: Json = False,
) -> None:
    """Bring a practice into a group: it takes the group's values, but for those it keeps."""
    from deploy.commands.open_ledger import here, jitter
    from deploy.commands.operator_options import person
    from sinks.ledger.practices.settings import group_membership
    from sinks.ledger.practices.settings.settings_store import Saving

    _need_why(yes, why)
    with here("organisation") as (connection, settings):
        effect = group_membership.join(
            connection,
            organisation,
            practice,
            keep or (),
            Saving(actor=person(by), reason=why),
            clock=settings.clock(),
            jitter_s=jitter(settings),
            dry_run=not yes,
        )
    _print_effects([effect], yes, as_json)
    if yes and not as_json:
        print(f"{practice} belongs to {organisation}")


@app.command()
def leave(
    practice: Annotated[str, typer.Argument(help="The practice's id.")],
    yes: Yes = False,
    by: By = None,
    why: Why = "",
    as_json: Json = False,
) -> None:
    """Take a practice out of its group. Its settings stay as they are, and are its own."""
    from deploy.commands.open_ledger import here
    from deploy.commands.operator_options import person, print_json
    from sinks.ledger.practices.settings import group_membership
    from sinks.ledger.practices.settings.settings_store import Saving

    _need_why(yes, why)
    with here("organisation") as (connection, settings):
        saving = Saving(actor=person(by), reason=why)
        leaving = group_membership.leave(connection, practice, saving, clock=settings.clock(), dry_run=not yes)
    if as_json:
        print_json({"dry_run": not yes, "leaves": leaving})
        return
    own = ", ".join(leaving.becomes_own) or "none"
    if yes:
        print(f"{practice} has left {leaving.called}; its settings are its own. From the group until now: {own}")
        return
    print(
        f"{practice} would leave {leaving.called}. No setting changes; no longer the group's: {own}\n"
        "save it with --yes --why REASON"
    )


def _save(
    organisation: str, edit: Edit, action: str, effective_from: Any, yes: bool, by: str | None, why: str, as_json: bool
) -> None:
    """Preview, or save and say what was saved."""
    from deploy.commands.open_ledger import here, jitter
    from deploy.commands.operator_options import person
    from sinks.ledger.practices.settings import groups
    from sinks.ledger.practices.settings.settings_store import Saving

    _need_why(yes, why)
    with here("organisation") as (connection, settings):
        if yes:
            effects = groups.save(
                connection,
                organisation,
                edit,
                Saving(actor=person(by), reason=why),
                clock=settings.clock(),
                jitter_s=jitter(settings),
                action=action,
                effective_from=effective_from,
            )
        else:
            with connection.cursor() as cursor:
                group = groups.edited(cursor, organisation, edit)
            effects = groups.preview(connection, group, effective_from=effective_from, clock=settings.clock())
    _print_effects(effects, yes, as_json)


def _print_effects(effects: Sequence[GroupChange], saved: bool, as_json: bool) -> None:
    from deploy.commands.operator_options import print_json, print_table
    from sinks.ledger.practices.settings.fields import shown

    changed = [effect for effect in effects if effect.differences]
    if as_json:
        print_json({"dry_run": not saved, "practices": changed})
        return
    rows = (
        (effect.practice_id, each.field, shown(each.before), shown(each.after), effect.problem or "")
        for effect in changed
        for each in effect.differences
    )
    if changed:
        print_table("", ("practice", "setting", "is" if not saved else "was", "becomes", "problem"), rows)
    count = f"{len(changed)} {'practice' if len(changed) == 1 else 'practices'}"
    if saved:
        print(f"saved; new versions: {count}")
    else:
        print(f"{count} would change; save it with --yes --why REASON")


def _known(fields: Sequence[str]) -> set[str]:
    from sinks.ledger.practices.settings.fields import check_name

    return {check_name(field) for field in fields}


def _need_why(yes: bool, why: str) -> None:
    from streams.runtime.errors import ConfigurationError

    if yes and not why.strip():
        raise ConfigurationError("--yes needs --why: the reason stands in the history and the audit trail")
