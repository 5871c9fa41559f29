"""Prints what a letter was about, by its reference, for `writeback explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.commands.printing import counted, print_json, shown_at, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sinks.operations.queries.notice_story import NoticeStory


def show_notice(reference: str, as_json: bool) -> None:
    """Print the notice of a reference. Raises Permanent where the ledger has none."""
    from deploy.commands.open_ledger import open_ledger
    from sinks.operations.queries.notice_story import notice_story
    from streams.runtime.errors import Permanent

    with open_ledger("explain") as opened:
        story = notice_story(opened.ledger.connection, reference)
    if story is None:
        raise Permanent(
            f"no letter has the reference {reference!r}: is it written as in the letter, WBN- and ten signs?"
        )
    if as_json:
        print_json(story)
        return
    print("\n".join(visible(line) for line in _lines(story)))


def _lines(story: NoticeStory) -> Iterator[str]:
    stands = f"closed {shown_at(story.closed_at)}" if story.closed_at else f"open, {counted(story.items, 'case')} now"
    yield f"{story.reference}: {story.headline} ({story.practice_id})"
    yield f"   {stands}; opened {shown_at(story.opened_at)}"
    if story.acknowledged_by:
        yield f"   {story.acknowledged_by} sees to it"
    yield f"   why: {story.why}"
    yield from (f"   {line}" for line in story.fields)
    if story.closed_at is None:
        yield f"   what to do: {story.remedy}"
        yield f"   the entries: writeback dlq list {story.practice_id}, writeback entries list {story.practice_id}"
    if not story.told:
        yield "   nobody was told"
    for each in story.told:
        at = f"sent {shown_at(each.sent_at)}" if each.sent_at else f"written {shown_at(each.written_at)}"
        code = f" ({each.code})" if each.code else ""
        yield f"   {each.step} by {each.channel} to {each.recipient}: {each.state.lower()}{code}, {at}"
