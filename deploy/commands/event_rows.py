"""Lines and JSON of events without entries, for `writeback entries`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sinks.operations.actions.event_actions import EventItem
    from sinks.operations.queries.waiting_events import WaitingEvent


def event_row(each: WaitingEvent, now: datetime) -> tuple[object, ...]:
    """A line of the list."""
    from deploy.commands.printing import age, shown_money
    from sinks.operations.words.explanations import reason_words

    return (
        each.id,
        each.concerns or each.subject,
        "",
        each.event_type,
        "" if each.amount_minor is None else shown_money(each.amount_minor, each.currency or "USD"),
        each.occurred_at.date(),
        each.state,
        age(each.changed_at, now),
        "",
        reason_words(each.reason),
    )


def event_item_rows(item: EventItem) -> list[tuple[object, ...]]:
    """What becomes of it, a line per entry."""
    from deploy.commands.printing import shown_money

    if item.refusal is not None:
        return [(item.id, item.subject or "", item.event_type or "", "", item.state or "", "refused", item.refusal)]
    first = "; ".join(item.notes)
    if not item.entries:
        return [(item.id, item.subject, item.event_type, "", item.state, "ended", first)]
    return [
        (
            item.id,
            item.subject,
            f"{each.entry_kind} {each.part}".rstrip(),
            shown_money(each.amount_minor, each.currency),
            item.state,
            each.state,
            first if number == 0 else f"goes with {item.id}",
        )
        for number, each in enumerate(item.entries)
    ]


def event_json(each: WaitingEvent, now: datetime) -> dict[str, Any]:
    """As the list is printed for machines."""
    import msgspec

    return msgspec.structs.asdict(each) | {"age_s": max(0, int((now - each.changed_at).total_seconds()))}


def event_item_json(item: EventItem) -> dict[str, Any]:
    """As what became of it is printed for machines."""
    import msgspec

    fields: dict[str, Any] = msgspec.to_builtins(item)
    return fields | {"version": item.version}
