"""`writeback organisation add|list|show|set|lock|unlock|join|leave|contact`: groups of practices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import By, Json, PracticeId, Why, Yes
from deploy.commands.organisation_contacts import app as contacts
from deploy.commands.settings import Changes, From

if TYPE_CHECKING:
    from sinks.ledger.practices.settings.follow_group import GroupChange

app = typer.Typer(no_args_is_help=True, help="Groups of practices: values that their practices inherit.")
app.add_typer(contacts, name="contact")

Organisation = Annotated[str, typer.Argument(help="The group's id.")]
Fields = Annotated[list[str], typer.Argument(help="Names of settings, like amount or types.terminal.")]


@app.command()
def add(
    organisation: Organisation,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Make a group known, without values and practices."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import APPLY_HINT, print_json
    from sinks.operations.actions.organisations import add_organisation

    with open_ledger("organisation") as opened:
        known = add_organisation(opened.ledger, organisation, name, order_of(yes, why, by))
    if as_json:
        print_json({"dry_run": not yes, "organisation_id": known, "name": name})
    elif yes:
        join_it = f"writeback organisation join {known} PRACTICE --yes --why TEXT"
        print(f"{known}: added; its practices join with: {join_it}")
    else:
        print(f"{known}: would be added\n{APPLY_HINT}")


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the groups and how many practices each has."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import print_json, print_table
    from sinks.operations.queries.organisations import list_organisations

    with open_ledger("organisation") as opened:
        found = list_organisations(opened.ledger.connection)
    if as_json:
        print_json(found)
        return
    rows = ((each.organisation_id, each.name, each.practices) for each in found)
    print_table("", ("organisation", "name", "practices"), rows)


@app.command()
def show(organisation: Organisation, as_json: Json = False) -> None:
    """Show a group's values and locks, its practices, and what they decide themselves."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import print_json, print_table
    from sinks.ledger.practices.settings.fields import shown
    from sinks.operations.queries.organisations import view_organisation

    with open_ledger("organisation") as opened:
        view = view_organisation(opened.ledger, organisation)
    if as_json:
        print_json(view)
        return
    rows = ((name, shown(value), "locked" if name in view.locked else "") for name, value in view.fields.items())
    print_table(f"{view.called}, version {view.version}", ("setting", "value", ""), rows)
    print_table("", ("practice", "its own"), ((each.practice_id, ", ".join(each.own)) for each in view.practices))
    if view.behind:
        along = f"writeback organisation set {organisation} --yes --why TEXT"
        print(f"{len(view.behind)} practices do not have these values yet: {along}")


@app.command("set")
def set_(
    organisation: Organisation,
    changes: Changes = None,
    unset: Annotated[list[str] | None, typer.Option("--unset", help="A field to leave to the practices.")] = None,
    effective_from: From = None,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Set values that the practices inherit. Given none, brings practices that are behind to the group's values."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from sinks.operations.actions.organisations import set_values

    with open_ledger("organisation") as opened:
        effects = set_values(
            opened.ledger,
            organisation,
            changes or (),
            unset or (),
            order_of(yes, why, by),
            effective_from=effective_from,
        )
    _print_effects(effects, yes, as_json)


@app.command()
def lock(
    organisation: Organisation, fields: Fields, yes: Yes = False, why: Why = "", by: By = None, as_json: Json = False
) -> None:
    """Lock values: no practice may have one of its own."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from sinks.operations.actions.organisations import lock_values

    with open_ledger("organisation") as opened:
        effects = lock_values(opened.ledger, organisation, fields, order_of(yes, why, by))
    _print_effects(effects, yes, as_json)


@app.command()
def unlock(
    organisation: Organisation, fields: Fields, yes: Yes = False, why: Why = "", by: By = None, as_json: Json = False
) -> None:
    """Let practices have values of their own again; none changes by it."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from sinks.operations.actions.organisations import unlock_values

    with open_ledger("organisation") as opened:
        effects = unlock_values(opened.ledger, organisation, fields, order_of(yes, why, by))
    _print_effects(effects, yes, as_json)


@app.command()
def join(
    organisation: Organisation,
    practice: PracticeId,
    keep: Annotated[list[str] | None, typer.Option("--keep", help="A field that stays the practice's own.")] = None,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Bring a practice into a group: it takes the group's values, but for those it keeps."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from sinks.operations.actions.organisations import join_organisation

    with open_ledger("organisation") as opened:
        effect = join_organisation(opened.ledger, organisation, practice, keep or (), order_of(yes, why, by))
    _print_effects([effect], yes, as_json)
    if yes and not as_json:
        print(f"{practice} belongs to {organisation}")


@app.command()
def leave(practice: PracticeId, yes: Yes = False, why: Why = "", by: By = None, as_json: Json = False) -> None:
    """Take a practice out of its group. Its settings stay as they are, and are its own."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import APPLY_HINT, print_json
    from sinks.operations.actions.organisations import leave_organisation

    with open_ledger("organisation") as opened:
        leaving = leave_organisation(opened.ledger, practice, order_of(yes, why, by))
    if as_json:
        print_json({"dry_run": not yes, "leaves": leaving})
        return
    own = ", ".join(leaving.becomes_own) or "none"
    if yes:
        print(f"{practice} has left {leaving.called}; its settings are its own. From the group until now: {own}")
    else:
        print(f"{practice} would leave {leaving.called}. No setting changes; no longer the group's: {own}")
        print(APPLY_HINT)


def _print_effects(effects: Sequence[GroupChange], applied: bool, as_json: bool) -> None:
    from deploy.commands.printing import APPLY_HINT, counted, print_json, print_table
    from sinks.ledger.practices.settings.fields import shown

    changed = [effect for effect in effects if effect.differences]
    if as_json:
        print_json({"dry_run": not applied, "practices": changed})
        return
    rows = (
        (effect.practice_id, each.field, shown(each.before), shown(each.after), effect.problem or "")
        for effect in changed
        for each in effect.differences
    )
    if changed:
        print_table("", ("practice", "setting", "was" if applied else "is", "becomes", "problem"), rows)
    count = counted(len(changed), "practice")
    print(f"saved; new versions: {count}" if applied else f"{count} would change\n{APPLY_HINT}")
