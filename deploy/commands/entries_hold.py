"""`writeback entries hold|release|retry|assign`: what goes out by itself, and who sees to what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from deploy.commands.options import By, Json, PracticeId, Why, Yes

if TYPE_CHECKING:
    from sinks.operations.actions.entry_actions import EntriesDone

Ids = Annotated[
    list[str],
    typer.Argument(metavar="ID...", help="Entries like e:42; e:42@VERSION refuses what changed since it was listed."),
]
_WOULD: Final = {
    "hold": "would be held",
    "release": "would be released",
    "retry": "would be tried again at once",
    "assign": "would be assigned",
}
_IS: Final = {"hold": "held", "release": "released", "retry": "due at once", "assign": "assigned"}


def hold(practice: PracticeId, ids: Ids, yes: Yes = False, why: Why = "", by: By = None, as_json: Json = False) -> None:
    """Keep entries from going out by themselves, with their parts, until somebody releases, posts or ends them."""
    _act("hold", practice, ids, yes, why, by, as_json)


def release(
    practice: PracticeId, ids: Ids, yes: Yes = False, why: Why = "", by: By = None, as_json: Json = False
) -> None:
    """Let held entries go as they would have gone: at their time, or at once where that has passed."""
    _act("release", practice, ids, yes, why, by, as_json)


def retry(
    practice: PracticeId, ids: Ids, yes: Yes = False, why: Why = "", by: By = None, as_json: Json = False
) -> None:
    """Try entries that wait for their next try now. A connection that is closed stays closed."""
    _act("retry", practice, ids, yes, why, by, as_json)


def assign(
    practice: PracticeId,
    ids: Ids,
    to: Annotated[str, typer.Option("--to", metavar="NAME", help="Who sees to it; empty: nobody.")],
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Say who sees to entries. It changes nothing of them, and the lists show it."""
    _act("assign", practice, ids, yes, why, by, as_json, to)


def _act(
    deed: str, practice: str, ids: list[str], yes: bool, why: str, by: str | None, as_json: bool, to: str = ""
) -> None:
    """Exit code 1 where --yes left something undone."""
    from deploy.commands.entry_ids import entry_number, seen_versions
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import print_done_json
    from sinks.operations.actions.hold_entries import assign_entries, hold_entries
    from sinks.operations.actions.hold_rules import HoldAction

    plain, seen = seen_versions(ids)
    numbers = [entry_number(each) for each in plain]
    order = order_of(yes, why, by)
    with open_ledger("entries") as opened:
        if deed == "assign":
            done = assign_entries(opened.ledger, practice, numbers, to, order)
        else:
            done = hold_entries(opened.ledger, HoldAction(deed), practice, numbers, order, seen)
    if as_json:
        items = [
            {
                "id": each.id,
                "refusal": each.refusal,
                "entries": [entry.id for entry in each.entries],
                "states": each.states,
            }
            for each in done.items
        ]
        print_done_json(yes, {"items": items})
    else:
        _print(deed, done, yes)
    if yes and done.refused:
        raise typer.Exit(1)


def _print(deed: str, done: EntriesDone, applied: bool) -> None:
    from deploy.commands.printing import APPLY_HINT, counted, print_table, shown_money

    rows: list[tuple[object, ...]] = []
    for item in done.items:
        if item.refusal is not None or item.head is None:
            rows.append((item.id, "", "", "", "refused", item.refusal))
            continue
        states = item.states or (item.head.state,)
        for each, to in zip(item.entries, states, strict=False):
            what = f"{each.entry_kind} {each.part}".rstrip()
            rows.append((each.id, each.subject, what, shown_money(each.amount_minor, each.currency), each.state, to))
    print_table("", ("id", "payment", "what", "amount", "now", "then"), rows)
    count = sum(len(each.entries) for each in done.items if each.refusal is None)
    print(f"{counted(count, 'entry', 'entries')} {(_IS if applied else _WOULD)[deed]}, {done.refused} refused")
    if not applied:
        print(APPLY_HINT)
