"""`writeback quickbooks undo|attach`: take back what was written for a payout; attach its items to its document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from deploy.commands.options import By, Json, PracticeId, Why, Yes

if TYPE_CHECKING:
    from sinks.operations.quickbooks.undo import PayoutUndone

_FOUND: Final = {
    "STANDS": "stands as it was written",
    "GONE": "deleted there: its mirror will be kept back for a person",
    "NOT_READ": "not readable now: it is read before anything goes out",
}


def undo(
    practice: PracticeId,
    payout: Annotated[str, typer.Argument(metavar="PAYOUT", help="The payout's id.")],
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Take back PAYOUT's document in QuickBooks by its mirror, of the same day. It is written again only when a person
    posts the entry that waits in its place. What was edited in QuickBooks is not taken back."""
    import asyncio

    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import print_done_json
    from sinks.operations.quickbooks.undo import undo_payout

    with open_ledger("quickbooks") as opened:
        order = order_of(yes, why, by)
        done = asyncio.run(undo_payout(opened.ledger, opened.settings, practice, payout, order))
    if as_json:
        print_done_json(yes, done)
    else:
        _print(done, yes)


def attach(
    practice: PracticeId,
    payout: Annotated[str, typer.Argument(metavar="PAYOUT", help="The payout's id.")],
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Attach PAYOUT's transactions, as `writeback payouts detail` has them, to its document in QuickBooks as a CSV.
    One that is there already is not attached twice."""
    import asyncio

    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from deploy.commands.printing import APPLY_HINT, counted, print_done_json
    from sinks.operations.quickbooks.attach import attach_detail

    with open_ledger("quickbooks") as opened:
        order = order_of(yes, why, by)
        done = asyncio.run(attach_detail(opened.ledger, opened.settings, practice, payout, order))
    if as_json:
        print_done_json(yes, done)
        return
    file = f"{done.file_name} ({counted(done.items, 'item')}, {done.size} bytes)"
    if done.there_before:
        print(f"{file} is attached to {done.external_id} already")
        return
    print(f"{file} {'is' if yes else 'would be'} attached to {done.external_id}")
    if not yes:
        print(APPLY_HINT)


def _print(done: PayoutUndone, applied: bool) -> None:
    from deploy.commands.printing import APPLY_HINT, print_table, shown_money

    found = (
        (
            each.entry,
            each.external_id,
            each.ledger_date,
            shown_money(each.amount_minor, each.currency),
            _FOUND[each.found],
        )
        for each in done.documents
    )
    print_table(f"{done.payout_id}: in QuickBooks", ("entry", "document", "date", "amount", "there"), found)
    planned = (
        (
            f"e:{each.effect_id}",
            "takes it back" if each.entry_kind == "payout_reversal" else "waits for a person",
            each.ledger_date,
            shown_money(each.amount_minor, each.currency),
        )
        for each in done.entries
    )
    print_table("planned" if applied else "would be planned", ("entry", "what", "date", "amount"), planned)
    waits = [f"e:{each.effect_id}" for each in done.entries if each.entry_kind == "payout"]
    if applied:
        named = f"{done.practice_id} {' '.join(waits)}"
        print(f"to write it again: writeback entries post {named}; never: writeback entries dismiss {named}")
    else:
        print(APPLY_HINT)
