"""`writeback organisation contact list|set|remove`: who of a group of practices gets notices, of what and when."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.commands.contacts import Address, After, Called, Channel, Digest, Quiet, Roles, Timings, UrlFrom, Zone
from deploy.commands.options import By, Json, Why, Yes

app = typer.Typer(no_args_is_help=True, help="Who of a group of practices gets notices, of what and when.")

Organisation = Annotated[str, typer.Argument(help="The group's id.")]


@app.command("list")
def list_(organisation: Organisation, as_json: Json = False) -> None:
    """List who of a group is told of the notices of its practices."""
    from deploy.commands.contact_deeds import list_of
    from sinks.ledger.practices.contacts import Owner, OwnerKind

    list_of(Owner(OwnerKind.ORGANISATION, organisation), as_json)


@app.command("set")
def set_(
    organisation: Organisation,
    address: Address,
    channel: Channel = None,
    url_from: UrlFrom = None,
    name: Called = None,
    roles: Roles = None,
    timings: Timings = None,
    digest: Digest = None,
    quiet: Quiet = None,
    zone: Zone = None,
    escalate_after: After = None,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Add a contact, or change what is given of the one with that address."""
    from deploy.commands.contact_deeds import set_of
    from deploy.commands.contacts import wishes_of
    from deploy.commands.options import order_of
    from sinks.ledger.practices.contacts import Owner, OwnerKind

    wishes = wishes_of(name, roles, timings, digest, quiet, zone, escalate_after)
    set_of(
        Owner(OwnerKind.ORGANISATION, organisation), address, channel, url_from, wishes, order_of(yes, why, by), as_json
    )


@app.command()
def remove(
    organisation: Organisation, address: Address, yes: Yes = False, why: Why = "", by: By = None, as_json: Json = False
) -> None:
    """Take a contact away: it gets no notices any more."""
    from deploy.commands.contact_deeds import remove_of
    from deploy.commands.options import order_of
    from sinks.ledger.practices.contacts import Owner, OwnerKind

    remove_of(Owner(OwnerKind.ORGANISATION, organisation), address, order_of(yes, why, by), as_json)
