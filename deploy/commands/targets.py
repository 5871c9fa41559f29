"""`writeback targets`: the practice systems that Writeback knows, what serves each, and what is not possible."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import Json

if TYPE_CHECKING:
    from sinks.operations.queries.systems import ShownSystem


def targets(
    system: Annotated[
        str | None, typer.Argument(metavar="[SYSTEM]", help="Everything about this one, such as cloud9.")
    ] = None,
    asked_for: Annotated[
        bool, typer.Option("--asked-for", help="Systems that are not listed, and the practices that use them.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the practice systems: by what each is served, when it takes entries, what staff see there, how a payment
    type is added, and what is not possible."""
    from deploy.commands.printing import print_json, print_table
    from sinks.operations.queries.systems import shown_systems

    if asked_for:
        _print_asked_for(as_json)
        return
    shown = shown_systems(system)
    if as_json:
        print_json(shown)
        return
    if system:
        print_system(shown[0])
        return
    headings = ("system", "name", "vendor", "served by", "takes entries")
    rows = ((each.name, each.title, each.vendor, ", ".join(each.served_by), each.takes) for each in shown)
    print_table("", headings, rows)
    print("one of them in full: writeback targets SYSTEM; worklist: entries are made by hand")


def print_system(each: ShownSystem) -> None:
    """All that staff want to know of a system."""
    print(f"{each.title}{f' ({each.vendor})' if each.vendor else ''}: {each.edition}")
    print(f"served by: {', '.join(each.served_by)}")
    print(f"takes entries: {each.takes}{f'; {each.limits}' if each.limits else ''}")
    if each.not_taken:
        print(f"no program writes there: {', '.join(each.not_taken)}")
    print(f"staff see: {each.staff_see}")
    for number, step in enumerate(each.payment_type, 1):
        print(f"{'to add a payment type: ' if number == 1 else ''}{number}. {step}")
    if each.payment_type_link:
        print(f"see {each.payment_type_link}")
    for text in each.not_possible:
        print(f"not possible: {text}")


def _print_asked_for(as_json: bool) -> None:
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import print_json, print_table
    from sinks.operations.queries.practices import asked_for

    with open_ledger("targets") as opened:
        found = asked_for(opened.ledger.connection)
    if as_json:
        print_json(found)
        return
    print_table("", ("asked for", "practices"), ((each.system_name, ", ".join(each.practices)) for each in found))
