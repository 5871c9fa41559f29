"""Options that several commands share, spelled once, and the order that --yes, --why and --by make."""

from __future__ import annotations

import getpass
import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sinks.operations.acting import Order

PracticeId = Annotated[str, typer.Argument(metavar="PRACTICE", help="The practice's id.")]
Practice = Annotated[str | None, typer.Option("--practice", help="Only this practice.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it. Without it, the command only shows what would happen.")]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, kept in the audit trail; --yes needs it.")]
By = Annotated[
    str | None,
    typer.Option("--by", metavar="NAME", help="Who does this, for the audit trail; default: this machine's user."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, also for an error.")]
Most = Annotated[int, typer.Option("--most", min=1, max=10_000, help="Show at most this many.")]
ToSandbox = Annotated[
    bool,
    typer.Option("--to-sandbox", help="To the sandbox's topics on this broker, which no real practice's books follow."),
]
StateDir = Annotated[str | None, typer.Option("--state-dir", help="Where local data is kept.")]


def order_of(yes: bool, why: str, by: str | None) -> Order:
    """What the person at the command line wants: a preview, or to have it done."""
    from sinks.operations.acting import Actor, Order

    return Order(actor=Actor(person(by)), reason=why, apply=yes)


def person(given: str | None) -> str:
    """Who acts, for the audit trail: as they said, else this machine's user, by number where it has no name."""
    if given:
        return given
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user stands in no list of users
        return f"cli:uid-{os.getuid()}"
