"""`writeback console`: the pages for staff and operators; `console add|reset|remove|accounts` for whoever runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from deploy.commands.options import By, Json, Why, Yes
from deploy.commands.roles import CONSOLE, Host, MetricsPort, Parent, Slot, run_role

if TYPE_CHECKING:
    from sinks.console.accounts import Given

app = typer.Typer(
    invoke_without_command=True,
    help="Show the console's pages to people's browsers. Without a command: the role itself, in this process.",
)
Name = Annotated[str, typer.Argument(metavar="USER", help="The user, as `writeback user list` has them.")]
_DONE: Final = {"add": "is added", "reset": "is reset", "remove": "is removed"}
_WOULD: Final = {"add": "would be added", "reset": "would be reset", "remove": "would be removed"}


@app.callback()
def role(
    context: typer.Context,
    host: Host = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Default WRITEBACK_CONSOLE_PORT, else 30232; 0 takes a free one."),
    ] = None,
    slot: Slot = None,
    metrics_port: MetricsPort = None,
    parent: Parent = None,
) -> None:
    """Show the console's pages to people's browsers. Without a command: the role itself, in this process."""
    if context.invoked_subcommand is None:
        run_role(CONSOLE, parent=parent, slot=slot, metrics_port=metrics_port, console_host=host, console_port=port)


@app.command()
def add(
    name: Name,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Let a user (`writeback user add`) sign in. The password is printed once and changed at the first sign-in, where
    an authenticator app is set too."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from sinks.console.accounts import Accounts
    from sinks.operations.actions.sign_in_account import SignInChange, order_sign_in

    order = order_of(yes, why, by)
    with open_ledger("console") as opened:
        accounts = Accounts(opened.settings)
        accounts.add(name, apply=False)
        order_sign_in(opened.ledger, SignInChange.ADDED, name, order)
        _print("add", accounts.add(name, apply=yes), yes, as_json)


@app.command()
def reset(name: Name, yes: Yes = False, why: Why = "", by: By = None, as_json: Json = False) -> None:
    """Give an account a new password and take its second factor back, for somebody who has lost them. Its sessions
    end."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from sinks.console.accounts import Accounts
    from sinks.operations.actions.sign_in_account import SignInChange, order_sign_in

    order = order_of(yes, why, by)
    with open_ledger("console") as opened:
        accounts = Accounts(opened.settings)
        accounts.reset(name, apply=False)
        order_sign_in(opened.ledger, SignInChange.RESET, name, order)
        _print("reset", accounts.reset(name, apply=yes), yes, as_json)


@app.command()
def remove(name: Name, yes: Yes = False, why: Why = "", by: By = None, as_json: Json = False) -> None:
    """Take an account back: its sessions end. What the person did stays in the audit trail."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from sinks.console.accounts import Accounts
    from sinks.operations.actions.sign_in_account import SignInChange, order_sign_in

    order = order_of(yes, why, by)
    with open_ledger("console") as opened:
        accounts = Accounts(opened.settings)
        accounts.remove(name, apply=False)
        order_sign_in(opened.ledger, SignInChange.REMOVED, name, order)
        _print("remove", accounts.remove(name, apply=yes), yes, as_json)


@app.command("accounts")
def list_(as_json: Json = False) -> None:
    """List who can sign in at the console: whether a second factor is set, and the last sign-in."""
    from deploy.commands.printing import counted, print_json, print_table, shown_at
    from deploy.servers import settings_here
    from sinks.console.accounts import Accounts

    found = Accounts(settings_here()).listed()
    if as_json:
        print_json(found)
        return
    rows = (
        (
            each.name,
            "set" if each.second_factor else "not set",
            shown_at(each.last_sign_in),
        )
        for each in found
    )
    print_table("", ("account", "second factor", "last sign-in"), rows)
    print(counted(len(found), "account"))


def _print(what: str, given: Given, applied: bool, as_json: bool) -> None:
    from deploy.commands.printing import APPLY_HINT, print_done_json

    if as_json:
        print_done_json(applied, given)
        return
    print(f"{given.name} {(_DONE if applied else _WOULD)[what]}")
    if given.password is not None:
        print(f"password, said once: {given.password}")
        print("It is changed at the first sign-in, where an authenticator app is set too.")
    if not applied:
        print(APPLY_HINT)
