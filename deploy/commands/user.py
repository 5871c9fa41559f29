"""`writeback user add|list|role|disable|enable`: who uses the program, and what each may do where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import By, Json, Most, Practice, Why, Yes

if TYPE_CHECKING:
    from sinks.operations.queries.users import ListedUser

app = typer.Typer(no_args_is_help=True, help="People who use the program, and their roles.")

Name = Annotated[str, typer.Argument(metavar="USER", help="The name under which the audit trail keeps what they do.")]
Roles = Annotated[list[str] | None, typer.Option("--give", help="A role to give, such as poster; repeatable.")]
Taken = Annotated[list[str] | None, typer.Option("--take", help="A role to take away; repeatable.")]
Organisation = Annotated[str | None, typer.Option("--organisation", help="At every practice of this group.")]


@app.command()
def add(
    name: Name,
    full_name: Annotated[str | None, typer.Option("--full-name", help="What people call them.")] = None,
    email: Annotated[str | None, typer.Option("--email", help="Where they are reached.")] = None,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Make a person known, without any role."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import APPLY_HINT, print_done_json
    from sinks.operations.actions.users import add_user

    with open_ledger("user") as opened:
        done = add_user(opened.ledger, name, order_of(yes, why, by), full_name, email)
    if as_json:
        print_done_json(yes, done)
    elif yes:
        give = f"writeback user role {done.name} --give viewer --practice PRACTICE --yes --why TEXT"
        print(f"{done.name}: added, and may do nothing yet: {give}")
    else:
        print(f"{done.name}: would be added\n{APPLY_HINT}")


@app.command("list")
def list_(practice: Practice = None, most: Most = 1_000, as_json: Json = False) -> None:
    """List people and their roles; with --practice, those whom a role lets in there."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import counted, print_json, print_table
    from sinks.operations.queries.users import list_users

    with open_ledger("user") as opened:
        found = list_users(opened.ledger.connection, practice, most)
    if as_json:
        print_json(found)
        return
    rows = (
        (each.user.name, each.user.full_name, "disabled" if each.user.disabled else "", tuple(_grants(each)))
        for each in found
    )
    print_table("", ("user", "name", "", "roles"), rows)
    print(counted(len(found), "user"))


@app.command()
def role(
    name: Name,
    give: Roles = None,
    take: Taken = None,
    practice: Practice = None,
    organisation: Organisation = None,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Give roles and take them away: at a practice, at a group's practices, or without either at every practice. The
    roles are viewer, poster, linker, settings_admin, group_admin, ops (runs the program, sees no patient), auditor."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import APPLY_HINT, print_done_json
    from sinks.operations.actions.users import Where, change_roles
    from sinks.operations.roles import role_named

    given, taken = [role_named(each) for each in give or ()], [role_named(each) for each in take or ()]
    where = Where(practice_id=practice, organisation_id=organisation)
    with open_ledger("user") as opened:
        done = change_roles(opened.ledger, name, where, order_of(yes, why, by), give=given, take=taken)
    if as_json:
        print_done_json(yes, done)
        return
    print(f"{name}: {'has' if yes else 'would have'} {', '.join(_grants(done)) or 'no role'}")
    if not yes:
        print(APPLY_HINT)


@app.command()
def disable(name: Name, yes: Yes = False, why: Why = "", by: By = None, as_json: Json = False) -> None:
    """Keep a person out. What they did stays, and so do their roles, until the name is enabled again."""
    _disabled(name, True, yes, why, by, as_json)


@app.command()
def enable(name: Name, yes: Yes = False, why: Why = "", by: By = None, as_json: Json = False) -> None:
    """Let a person in again, with the roles that they had."""
    _disabled(name, False, yes, why, by, as_json)


def _disabled(name: str, disabled: bool, yes: bool, why: str, by: str | None, as_json: bool) -> None:
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import APPLY_HINT, print_done_json
    from sinks.operations.actions.users import set_disabled

    with open_ledger("user") as opened:
        done = set_disabled(opened.ledger, name, order_of(yes, why, by), disabled=disabled)
    if as_json:
        print_done_json(yes, done)
        return
    print(f"{done.name} {'is' if yes else 'would be'} {'disabled' if done.disabled else 'enabled'}")
    if not yes:
        print(APPLY_HINT)


def _grants(each: ListedUser) -> list[str]:
    return [
        f"{grant.role} at {grant.practice_id or grant.organisation_id or 'every practice'}" for grant in each.grants
    ]
