"""`writeback health`: the role that measures how practices' systems answer; `health states` for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from deploy.commands.options import Json, Most
from deploy.commands.roles import ROLES, MetricsPort, Parent, Slot, run_role
from streams.runtime.errors import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sinks.operations.queries.target_health import StatedHealth

ENTRY: Final = next(each for each in ROLES if each.role is Role.HEALTH)

app = typer.Typer(
    invoke_without_command=True,
    help="Measure how practices' systems answer. Without a command: the role itself, in this process.",
)


@app.callback()
def role(context: typer.Context, slot: Slot = None, metrics_port: MetricsPort = None, parent: Parent = None) -> None:
    """Measure how practices' systems answer. Without a command: the role itself, in this process."""
    if context.invoked_subcommand is None:
        run_role(ENTRY, parent=parent, slot=slot, metrics_port=metrics_port)


@app.command()
def states(
    practice: Annotated[str | None, typer.Argument(metavar="[PRACTICE]", help="Only this practice.")] = None,
    unhealthy: Annotated[bool, typer.Option("--unhealthy", help="Only systems that do not answer well.")] = False,
    most: Most = 1_000,
    as_json: Json = False,
) -> None:
    """Show how each system of a practice answers, since when, and how many of the latest attempts failed."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import print_json, print_table
    from sinks.operations.queries.target_health import stated_health

    with open_ledger("health") as opened:
        found = stated_health(opened.ledger, practice, most, unhealthy=unhealthy)
    if as_json:
        print_json(found)
        return
    if not found:
        print("nothing has been measured" if not unhealthy else "every system that is measured answers as it should")
        return
    columns = ("practice", "system", "state", "since", "failed", "last answer", "what that means")
    print_table("How systems answer", columns, _rows(found))


def _rows(found: Sequence[StatedHealth]) -> Iterator[tuple[object, ...]]:
    from deploy.commands.printing import shown_at
    from sinks.operations.words.health import HEALTH_WORDS, UNKNOWN
    from sinks.operations.words.systems import system_label

    for each in found:
        yield (
            each.practice_id,
            system_label(each.target),
            each.state if each.known else f"{each.state} ?",
            shown_at(each.since),
            f"{each.failed} of {each.attempts}",
            "-" if each.last_answered_at is None else shown_at(each.last_answered_at),
            HEALTH_WORDS[each.state] if each.known else UNKNOWN,
        )
