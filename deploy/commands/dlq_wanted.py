"""The options by which `writeback dlq` commands choose among dead letters, spelled once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sinks.operations.queries.dead_letters import DeadId, DeadWanted

Reason = Annotated[str | None, typer.Option("--reason", help="Only this reason, such as MAPPING_MISSING.")]
TargetName = Annotated[str | None, typer.Option("--target", help="Only PMS or QUICKBOOKS.")]
Since = Annotated[str | None, typer.Option("--since", help="Failed at or after, like 2026-03-02T17:30:00Z.")]
Until = Annotated[str | None, typer.Option("--until", help="Failed before.")]
Lane = Annotated[
    str | None,
    typer.Option(
        "--lane", metavar="ENTRY", help="Only what is dead in the lane of this entry, like e:42, dead or not."
    ),
]


def dead_wanted(
    practice: str | None,
    reason: str | None,
    target: str | None,
    since: str | None,
    until: str | None,
    most: int,
    named: DeadId | None = None,
    lane: str | None = None,
) -> DeadWanted:
    """What the options ask for. Raises ConfigurationError that names the option that is wrong."""
    from deploy.commands.entry_ids import entry_number
    from deploy.commands.parsing import an_instant, one_of
    from schemas.vocabulary import DeadLetterReason, Target
    from sinks.operations.queries.dead_letters import DeadWanted

    return DeadWanted(
        practice_id=practice,
        reason=one_of(reason, DeadLetterReason, "--reason"),
        target=one_of(target, Target, "--target"),
        since=an_instant(since, "--since"),
        until=an_instant(until, "--until"),
        lanes_of=() if lane is None else (entry_number(lane),),
        id=named,
        most=most,
    )
