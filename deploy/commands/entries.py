"""`writeback entries list|post|record|dismiss`: what waits for a person, and what they decide (PROTOCOL section 3)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from deploy.commands.operator_options import By, Json, Most, PracticeId

if TYPE_CHECKING:
    from sinks.operations.actions.entry_action_rules import Action, Item
    from sinks.operations.actions.entry_actions import Done
    from sinks.operations.queries.waiting_entries import WaitingEntry

app = typer.Typer(no_args_is_help=True, help="Entries that wait for a person: list, post, record, dismiss.")

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Like e:42, from `entries list`.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it. Without: only show what would happen.")]
Why = Annotated[str, typer.Option("--why", help="The reason, for the audit trail; needed with --yes.")]
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
    """What waits for a person, since when and why, with its id for `post`, `record` and `dismiss`."""
    from deploy.commands.operator_options import ledger, one_of, print_json, print_table, shown_money
    from schemas.vocabulary import State
    from sinks.ledger.practices.registry import require_practice
    from sinks.operations.queries.waiting_entries import waiting_entries
    from sinks.operations.words.explanations import reason_words

    states = [State(str(one_of(each, State, "--state"))) for each in state or ()]
    with ledger() as (settings, connection):
        with connection.transaction(), connection.cursor() as cursor:
            require_practice(cursor, practice)
        found = waiting_entries(connection, practice, states or None, most)
        now = settings.clock().now()
    if as_json:
        print_json([_listed_json(each, now) for each in found])
        return
    rows = (
        (
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
        for each in found
    )
    headings = ("id", "payment", "target", "what", "amount", "date", "state", "for", "part of", "why")
    print_table("", headings, rows)
    count = f"{len(found)} entries wait" if len(found) != 1 else "1 entry waits"
    print(f"{count} for a person at {practice}" if not states else f"{len(found)} entries at {practice}")


@app.command()
def post(practice: PracticeId, ids: Ids, yes: Yes = False, by: By = None, why: Why = "", as_json: Json = False) -> None:
    """Let Writeback post what it kept for a person. It goes on to what it waits for next, or is due at once."""
    from sinks.operations.actions.entry_action_rules import Action

    _act(Action.POST, practice, ids, yes, by, why, as_json)


@app.command()
def record(
    practice: PracticeId, ids: Ids, yes: Yes = False, by: By = None, why: Why = "", as_json: Json = False
) -> None:
    """Say that a person entered it in the books. Its parts, such as its fee, are recorded with it."""
    from sinks.operations.actions.entry_action_rules import Action

    _act(Action.RECORD, practice, ids, yes, by, why, as_json)


@app.command()
def dismiss(
    practice: PracticeId, ids: Ids, yes: Yes = False, by: By = None, why: Why = "", as_json: Json = False
) -> None:
    """Say that nobody will enter it. Its parts, such as its fee, are dismissed with it."""
    from sinks.operations.actions.entry_action_rules import Action

    _act(Action.DISMISS, practice, ids, yes, by, why, as_json)


def _act(action: Action, practice: str, ids: list[str], yes: bool, by: str | None, why: str, as_json: bool) -> None:
    """Exit code 1 where --yes left something undone."""
    from deploy.commands.open_ledger import jitter
    from deploy.commands.operator_options import ledger, person, print_json
    from sinks.ledger.practices.settings.settings_store import Saving
    from sinks.operations.actions import entry_actions

    numbers = [_number(each) for each in ids]
    with ledger() as (settings, connection):
        clock, done = settings.clock(), None
        if yes:
            saving = Saving(actor=person(by), reason=why)
            done = entry_actions.apply(
                connection, action, practice, numbers, saving, clock=clock, jitter_s=jitter(settings)
            )
        items = done.items if done else entry_actions.plan(connection, action, practice, numbers, clock=clock)
    if as_json:
        followed = None if done is None else done.followed
        print_json({"dry_run": not yes, "items": [_item_json(each) for each in items], "followed": followed})
    else:
        _print(action, items, done)
    if done is not None and done.refused:
        raise typer.Exit(1)


def _print(action: Action, items: tuple[Item, ...], done: Done | None) -> None:
    from deploy.commands.operator_options import print_table

    print_table("", ("id", "payment", "what", "amount", "now", "then", "notes"), (r for i in items for r in _rows(i)))
    going = [each for each in items if each.refusal is None]
    count = sum(len(each.entries) for each in going)
    refused = len(items) - len(going)
    if done is None:
        print(
            f"{_entries(count)} {_WOULD[action]}, {refused} refused. Nothing was changed; do it with --yes --why REASON"
        )
        return
    wait = "waits" if done.followed == 1 else "wait"
    followed = f"; {_entries(done.followed)} of other events {wait} for a person now" if done.followed else ""
    print(f"{_entries(count)} {_IS[action]}, {refused} refused{followed}")


def _rows(item: Item) -> list[tuple[object, ...]]:
    from deploy.commands.operator_options import shown_money

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


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


def _age(since: datetime, now: datetime) -> str:
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"


def _listed_json(each: WaitingEntry, now: datetime) -> dict[str, Any]:
    import msgspec

    age_s = max(0, int((now - each.changed_at).total_seconds()))
    return {"id": each.id} | msgspec.structs.asdict(each) | {"age_s": age_s}


def _item_json(item: Item) -> dict[str, Any]:
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
