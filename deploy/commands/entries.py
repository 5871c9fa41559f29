"""`writeback entries list|post|record|dismiss`: what waits for a person, and what they decide (PROTOCOL section 3)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from deploy.commands.options import By, Json, Most, PracticeId, Why, Yes

if TYPE_CHECKING:
    from sinks.operations.actions.entry_action_rules import EntryAction, EntryItem
    from sinks.operations.actions.entry_actions import EntriesDone
    from sinks.operations.queries.waiting_entries import WaitingEntry

app = typer.Typer(no_args_is_help=True, help="Entries that wait for a person: list, post, record, dismiss.")

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Like e:42, from `entries list`.")]
_WOULD: Final = {"post": "would be posted", "record": "would be recorded", "dismiss": "would be dismissed"}
_IS: Final = {"post": "on their way", "record": "recorded", "dismiss": "dismissed"}


@app.command("list")
def list_(
    practice: PracticeId,
    state: Annotated[
        list[str] | None, typer.Option("--state", help="Only this state, such as AWAITING_MANUAL_POST; repeatable.")
    ] = None,
    most: Most = 500,
    as_json: Json = False,
) -> None:
    """List what waits for a person, since when and why, with its id for `post`, `record` and `dismiss`."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.parsing import one_of
    from deploy.commands.printing import counted, print_json, print_table
    from schemas.vocabulary import State
    from sinks.operations.queries.waiting_entries import waiting_entries

    states = [State(str(one_of(each, State, "--state"))) for each in state or ()]
    with open_ledger("entries") as opened:
        found = waiting_entries(opened.ledger.connection, practice, states or None, most)
        now = opened.ledger.clock.now()
    if as_json:
        print_json([_listed_json(each, now) for each in found])
        return
    headings = ("id", "payment", "target", "what", "amount", "date", "state", "for", "part of", "why")
    print_table("", headings, (_listed_row(each, now) for each in found))
    entries = counted(len(found), "entry", "entries")
    waits = "waits" if len(found) == 1 else "wait"
    print(f"{entries} at {practice}" if states else f"{entries} {waits} for a person at {practice}")


@app.command()
def post(practice: PracticeId, ids: Ids, yes: Yes = False, why: Why = "", by: By = None, as_json: Json = False) -> None:
    """Let Writeback post what it kept for a person. It goes on to what it waits for next, or is due at once."""
    from sinks.operations.actions.entry_action_rules import EntryAction

    _act(EntryAction.POST, practice, ids, yes, why, by, as_json)


@app.command()
def record(
    practice: PracticeId, ids: Ids, yes: Yes = False, why: Why = "", by: By = None, as_json: Json = False
) -> None:
    """Record that a person entered it in the books. Its parts, such as its fee, are recorded with it."""
    from sinks.operations.actions.entry_action_rules import EntryAction

    _act(EntryAction.RECORD, practice, ids, yes, why, by, as_json)


@app.command()
def dismiss(
    practice: PracticeId, ids: Ids, yes: Yes = False, why: Why = "", by: By = None, as_json: Json = False
) -> None:
    """Close it without posting: nobody will enter it. Its parts, such as its fee, are dismissed with it."""
    from sinks.operations.actions.entry_action_rules import EntryAction

    _act(EntryAction.DISMISS, practice, ids, yes, why, by, as_json)


def _act(
    action: EntryAction, practice: str, ids: list[str], yes: bool, why: str, by: str | None, as_json: bool
) -> None:
    """Exit code 1 where --yes left something undone."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import print_json
    from sinks.operations.actions.entry_actions import act_on_entries

    numbers = [_number(each) for each in ids]
    with open_ledger("entries") as opened:
        done = act_on_entries(opened.ledger, action, practice, numbers, order_of(yes, why, by))
    if as_json:
        print_json({"dry_run": not yes, "items": [_item_json(each) for each in done.items], "followed": done.followed})
    else:
        _print(action, done, yes)
    if yes and done.refused:
        raise typer.Exit(1)


def _print(action: EntryAction, done: EntriesDone, applied: bool) -> None:
    from deploy.commands.printing import APPLY_HINT, counted, print_table

    headings = ("id", "payment", "what", "amount", "now", "then", "notes")
    print_table("", headings, (row for item in done.items for row in _rows(item)))
    count = sum(len(each.entries) for each in done.items if each.refusal is None)
    followed = ""
    if done.followed:
        wait = "waits" if done.followed == 1 else "wait"
        entries = counted(done.followed, "entry", "entries")
        followed = f"; {entries} of other events {wait} for a person then" if not applied else ""
        followed = followed or f"; {entries} of other events {wait} for a person now"
    what = (_IS if applied else _WOULD)[action]
    print(f"{counted(count, 'entry', 'entries')} {what}, {done.refused} refused{followed}")
    if not applied:
        print(APPLY_HINT)


def _rows(item: EntryItem) -> list[tuple[object, ...]]:
    from deploy.commands.printing import shown_money

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
            shown_money(each.amount_minor, each.currency),
            each.state,
            to.value,
            "; ".join(item.notes) if each is item.head else f"goes with {item.id}",
        )
        for each, to in zip(item.entries, item.states, strict=True)
    ]


def _number(text: str) -> int:
    """An entry's id. Raises ConfigurationError with what one looks like."""
    from sinks.operations.queries.dead_letters import DeadId
    from streams.runtime.errors import ConfigurationError

    try:
        found = DeadId.parse(text).effect_id
    except ValueError:
        found = None
    if found is None:
        raise ConfigurationError(f"{text!r} is no entry's id, which is like e:42: see `writeback entries list`")
    return found


def _age(since: datetime, now: datetime) -> str:
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"


def _listed_row(each: WaitingEntry, now: datetime) -> tuple[object, ...]:
    from deploy.commands.printing import shown_money
    from sinks.operations.words.explanations import reason_words

    return (
        each.id,
        each.subject,
        each.target,
        f"{each.entry_kind} {each.part}".rstrip(),
        shown_money(each.amount_minor, each.currency),
        each.ledger_date,
        each.state,
        _age(each.changed_at, now),
        "" if each.part_of is None else f"e:{each.part_of}",
        reason_words(each.reason, each.target) + (f" ({each.last_code})" if each.last_code else ""),
    )


def _listed_json(each: WaitingEntry, now: datetime) -> dict[str, Any]:
    import msgspec

    age_s = max(0, int((now - each.changed_at).total_seconds()))
    return {"id": each.id} | msgspec.structs.asdict(each) | {"age_s": age_s}


def _item_json(item: EntryItem) -> dict[str, Any]:
    entries: list[dict[str, Any]] = [
        {
            "id": each.id,
            "entry_kind": each.entry_kind,
            "part": each.part,
            "amount_minor": each.amount_minor,
            "currency": each.currency,
            "state": each.state,
            "to": to.value,
        }
        for each, to in zip(item.entries, item.states, strict=False)
    ]
    return {"id": item.id, "refusal": item.refusal, "notes": item.notes, "entries": entries}
