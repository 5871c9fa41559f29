"""Records what staff typed in from a day sheet that they filled in (POST-4, POST-10)."""

from __future__ import annotations

import msgspec

from sinks.operations.acting import Order
from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.actions.entry_actions import Entered, EntriesDone, act_on_entries
from sinks.operations.ledger import Ledger
from sinks.operations.worklist.filled_in import check_unchanged, entered_minor, read_filled_in
from sinks.operations.worklist.read import work_list
from sinks.operations.worklist.sheet import SheetRow
from streams.runtime.errors import ConfigurationError


class SheetRecorded(msgspec.Struct, frozen=True, kw_only=True):
    """What was recorded, or in a preview would be."""

    done: EntriesDone
    rows: int
    """Lines that say they were entered."""
    left: int
    """Entries that stay on the work list."""


def record_sheet(ledger: Ledger, practice_id: str, raw: bytes, order: Order) -> SheetRecorded:
    """Record every line that says it was entered, with its amount and note, in one transaction. Blocks.

    The file is checked whole first: lines whose entry is gone or has another amount now stop it, and nothing is
    recorded. A payment that is marked is recorded with its fee adjustment, as `entries record` does it. Raises as
    `acting`, and ConfigurationError that names the line or the entry.
    """
    found = read_filled_in(raw)
    standing = {each.effect_id: each for each in work_list(ledger, practice_id).rows}
    check_unchanged(found, standing)
    said = {each.effect_id: Entered(entered_minor(each, standing[each.effect_id]), each.note) for each in found}
    heads = list(dict.fromkeys(_head(standing[each.effect_id]) for each in found))
    with ledger.connection.transaction():  # all of it, or nothing where one is refused under the lock
        done = act_on_entries(ledger, EntryAction.RECORD, practice_id, heads, order, said)
        if order.apply and done.refused:
            first = next(each for each in done.items if each.refusal is not None)
            raise ConfigurationError(f"{first.id}: {first.refusal}; nothing of the sheet was recorded")
    recorded = {each.effect_id for item in done.items if item.refusal is None for each in item.entries}
    return SheetRecorded(done=done, rows=len(found), left=len(standing.keys() - recorded))


def _head(row: SheetRow) -> int:
    return row.effect_id if row.part_of is None else row.part_of
