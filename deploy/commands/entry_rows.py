"""Entries as the commands print them: of the list, and of what was or would be done with each."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sinks.operations.actions.entry_action_rules import EntryItem
    from sinks.operations.queries.waiting_entries import WaitingEntry


def item_rows(item: EntryItem) -> list[tuple[object, ...]]:
    from deploy.commands.printing import shown_entered, shown_money

    entered = item.entered or (None,) * len(item.entries)
    if item.head is None:
        return [(item.id, "", "", "", "", "refused", item.refusal)]
    if item.refusal is not None:
        head = item.head
        what = f"{head.entry_kind} {head.part}".rstrip()
        money = shown_money(head.amount_minor, head.currency)
        return [(item.id, head.subject, what, money, head.state, "refused", item.refusal)]
    return [
        (
            each.id,
            each.subject,
            f"{each.entry_kind} {each.part}".rstrip(),
            shown_entered(each.amount_minor, said, each.currency),
            each.state,
            to.value,
            "; ".join(item.notes) if each is item.head else f"goes with {item.id}",
        )
        for each, to, said in zip(item.entries, item.states, entered, strict=True)
    ]


def listed_row(each: WaitingEntry, now: datetime) -> tuple[object, ...]:
    from deploy.commands.printing import age, shown_money
    from sinks.operations.words.explanations import reason_words

    return (
        each.id,
        each.subject,
        each.target,
        f"{each.entry_kind} {each.part}".rstrip(),
        shown_money(each.amount_minor, each.currency),
        each.ledger_date,
        each.state,
        age(each.changed_at, now),
        "" if each.part_of is None else f"e:{each.part_of}",
        reason_words(each.reason, each.target) + (f" ({each.last_code})" if each.last_code else ""),
        each.assigned_to or (f"held by {each.held_by}" if each.held_by else ""),
    )


def listed_json(each: WaitingEntry, now: datetime) -> dict[str, Any]:
    import msgspec

    age_s = max(0, int((now - each.changed_at).total_seconds()))
    return {"id": each.id} | msgspec.structs.asdict(each) | {"age_s": age_s}


def item_json(item: EntryItem) -> dict[str, Any]:
    entered = item.entered or (None,) * len(item.entries)
    entries: list[dict[str, Any]] = [
        {
            "id": each.id,
            "entry_kind": each.entry_kind,
            "part": each.part,
            "amount_minor": each.amount_minor,
            "currency": each.currency,
            "state": each.state,
            "to": to.value,
            "entered_minor": said,
        }
        for each, to, said in zip(item.entries, item.states, entered, strict=False)
    ]
    return {"id": item.id, "refusal": item.refusal, "notes": item.notes, "entries": entries}
