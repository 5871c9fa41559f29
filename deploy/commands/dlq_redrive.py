"""`writeback dlq redrive`: shows what would go on its way again, then sends it, no faster than it is told to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from deploy.commands.dlq_wanted import Lane, Reason, Since, TargetName, Until, dead_wanted
from deploy.commands.options import By, Json, Most, Practice, Why, Yes

if TYPE_CHECKING:
    from sinks.operations.actions.redrive import RedriveDone
    from sinks.operations.actions.redrive_plan import RedriveItem, RedrivePlan

PER_SECOND: Final = 50.0
"""Without --per-second or --per-minute: far below what the targets' own limits let through."""


def redrive(
    practice: Practice = None,
    reason: Reason = None,
    target: TargetName = None,
    since: Since = None,
    until: Until = None,
    lane: Lane = None,
    dead_id: Annotated[str | None, typer.Option("--id", help="Only this (and its lane), or its event's id.")] = None,
    per_second: Annotated[
        float | None, typer.Option(min=0.1, max=1000, help=f"At most this many a second; default {PER_SECOND:g}.")
    ] = None,
    per_minute: Annotated[
        float | None, typer.Option(min=0.1, max=60_000, help="Instead: at most this many a minute.")
    ] = None,
    most: Most = 500,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Send dead letters on their way again, whole lanes in order."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import print_json
    from sinks.operations.actions.redrive import redrive as redrive_planned
    from sinks.operations.actions.redrive_plan import plan_redrive
    from sinks.operations.actions.republish import Republisher
    from sinks.operations.queries.dead_letters import dead_called
    from streams.runtime.errors import ConfigurationError
    from streams.runtime.lifecycle import Stop

    if not any((practice, reason, target, since, until, lane, dead_id)):
        raise ConfigurationError(
            "choose what to redrive: --practice, --reason, --target, --since, --until, --lane or --id"
        )
    rate = _rate(per_second, per_minute)
    order, stop = order_of(yes, why, by), Stop()
    with open_ledger("dlq") as opened:
        named = None if dead_id is None else dead_called(opened.ledger.connection, practice, dead_id)
        wanted = dead_wanted(practice, reason, target, since, until, most, named, lane)
        planned = plan_redrive(opened.ledger.connection, wanted)
        if yes:
            stop.on_signals()
        republisher = Republisher(opened.settings)
        done = redrive_planned(opened.ledger, planned, republisher, order, per_second=rate, stop=stop)
    if as_json:
        print_json(
            {
                "dry_run": not yes,
                "more": planned.more,
                "items": [_item_json(item) for item in planned.items],
                "done": done,
            }
        )
        return
    _print_plan(planned, done, rate)


def _rate(per_second: float | None, per_minute: float | None) -> float:
    from streams.runtime.errors import ConfigurationError

    if per_second is not None and per_minute is not None:
        raise ConfigurationError("give --per-second or --per-minute, not both")
    return per_minute / 60 if per_minute is not None else per_second or PER_SECOND


def _print_plan(planned: RedrivePlan, done: RedriveDone | None, rate: float) -> None:
    from deploy.commands.printing import APPLY_HINT, print_table
    from sinks.operations.actions.redrive_plan import Fate

    rows = ((item.practice_id, item.id, item.reason, item.fate.value, "; ".join(item.notes)) for item in planned.items)
    print_table("", ("practice", "id", "reason", "redrive", "notes"), rows)
    counts = {fate: len(planned.of(fate)) for fate in Fate}
    if planned.more:
        print("No more than --most were looked at: repeat the command for the rest.")
    if done is None:
        print(
            f"{counts[Fate.RELEASE]} entries would be due again, {counts[Fate.REPUBLISH]} records would be sent again, "
            f"{counts[Fate.REFUSE]} refused; this takes about {_takes(planned, rate)}"
            f"\n{APPLY_HINT}"
        )
        return
    print(
        f"{done.released} entries are due again, {done.republished} records were sent again, {done.refused} refused"
        + (f", {done.gone} were no longer dead" if done.gone else "")
    )


def _takes(planned: RedrivePlan, rate: float) -> str:
    from sinks.operations.actions.redrive_plan import Fate

    seconds = (len(planned.items) - len(planned.of(Fate.REFUSE))) / rate
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{max(1, round(seconds))} s"


def _item_json(item: RedriveItem) -> dict[str, Any]:
    names = ("practice_id", "id", "reason", "fate", "look_first", "dependents", "notes")
    return {name: getattr(item, name) for name in names}
