"""`writeback results`: what stands on the results topic, readably; `--follow` shows what comes."""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from deploy.commands.options import Json, Practice
from deploy.commands.parsing import an_instant
from deploy.commands.printing import counted, print_json, print_table, shown_at

if TYPE_CHECKING:
    from datetime import datetime

    from streams.kafka.published_results import Published

SHOWN: Final = 200
"""Newest results that are listed unless --most says otherwise; each is a few hundred bytes."""


def results(
    practice: Practice = None,
    event: Annotated[str | None, typer.Option("--event", metavar="EVENT_ID", help="Only of this event.")] = None,
    refused: Annotated[
        bool, typer.Option("--refused", help="Only records that were refused, and warnings to senders.")
    ] = False,
    since: Annotated[
        str | None, typer.Option("--since", help="Published at or after, like 2026-03-02T17:30:00Z.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Show what comes, from now or from --since, until Ctrl-C.")
    ] = False,
    from_sandbox: Annotated[bool, typer.Option("--from-sandbox", help="Of the sandbox on this broker.")] = False,
    most: Annotated[
        int | None,
        typer.Option(
            "--most", min=1, max=100_000, help="List at most this many, the newest (200); with --follow end after them."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what the results topic says of events and their entries, and which records were refused and why.

    With --follow --json each result is a line of its own."""
    from deploy.servers import settings_here
    from streams.kafka.published_results import Wanted, published_results
    from streams.runtime.lifecycle import Stop

    begin = an_instant(since, "--since")
    wanted = Wanted(
        since=begin,
        from_now=follow and begin is None,
        practice_id=practice,
        event_id=event,
        refused_only=refused,
    )
    settings = settings_here()
    if from_sandbox:
        settings = settings.in_sandbox(asked=True)
    if not follow:
        _list(list(deque(published_results(settings, wanted), maxlen=most or SHOWN)), as_json)
        return
    stop = Stop()
    stop.on_signals()
    for number, each in enumerate(published_results(settings, wanted, stop, _say_ready), 1):
        if as_json:
            print_json(_json(each))
        else:
            print("  ".join(_cells(each)))
        sys.stdout.flush()
        if number == most:
            break


def _say_ready() -> None:
    print("following the results; Ctrl-C ends", file=sys.stderr, flush=True)


def _list(found: list[Published], as_json: bool) -> None:
    found.sort(key=_at)
    if as_json:
        print_json({"results": [_json(each) for each in found]})
        return
    if found:
        print_table("Results", ("at", "practice", "event", "of", "what happened"), (_cells(each) for each in found))
    print(counted(len(found), "result"))


def _at(each: Published) -> datetime:
    from schemas.refusals import RecordRefused
    from schemas.writebacks import Result

    result = each.result
    if isinstance(result, Result):
        return result.changed_at
    return result.refused_at if isinstance(result, RecordRefused) else result.noticed_at


def _cells(each: Published) -> tuple[str, ...]:
    from sinks.operations.words.published import published_words, subject_words

    result = each.result
    place = (shown_at(_at(each)), result.practice_id, result.event_id or "-")
    return (*place, subject_words(result), published_words(result))


def _json(each: Published) -> dict[str, Any]:
    import msgspec

    result = each.result
    named = {"type": type(result).__name__, "result_partition": each.partition, "result_offset": each.offset}
    return named | msgspec.structs.asdict(result)
