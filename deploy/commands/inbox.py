"""`writeback inbox PRACTICE`: what a practice reads of its notices, as in the console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import Json, PracticeId

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sinks.operations.queries.inbox import InboxIncident


def inbox(
    practice: PracticeId,
    every: Annotated[bool, typer.Option("--all", help="Also what was closed more than three days ago.")] = False,
    most: Annotated[int, typer.Option("--most", min=1, max=1_000, help="Show at most this many notices.")] = 50,
    as_json: Json = False,
) -> None:
    """Show a practice's inbox: its notices and digests, the newest first, each with its messages together."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import print_json, visible
    from sinks.operations.queries.inbox import inbox_of

    with open_ledger("inbox") as opened:
        found = inbox_of(opened.ledger, practice, most, every=every)
    if as_json:
        print_json(found)
        return
    for incident in found:
        print("\n".join(visible(line) for line in _lines(incident)))
    if not found:
        print("nothing is open" if not every else "nothing was ever told")


def _lines(incident: InboxIncident) -> Iterator[str]:
    from deploy.commands.printing import shown_at

    newest = incident.messages[-1]
    stands = f"closed {shown_at(incident.closed_at)}" if incident.closed_at else "open"
    sees = f", {incident.acknowledged_by} sees to it" if incident.acknowledged_by else ""
    yield newest.subject.removeprefix("[Writeback] ")
    yield f"   {incident.reference or 'digest'}: {stands}{sees}"
    for each in incident.messages[:-1]:
        yield f"   {shown_at(each.written_at)} {each.subject.removeprefix('[Writeback] ')}"
    yield f"   {shown_at(newest.written_at)}"
    yield from (f"      {line}" for line in newest.body.strip().split("\n"))
    yield ""
