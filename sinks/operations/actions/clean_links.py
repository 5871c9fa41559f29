"""Cleans links up after merges: the reference that was kept gets the link of the one that was merged into it (E-13)."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

import msgspec

from sinks.ledger.practices import links
from sinks.operations.acting import Action, Order, acting
from sinks.operations.ledger import Ledger
from sinks.operations.queries.link_duplicates import link_duplicates
from sinks.operations.queries.open_entries import StateChange, open_entries, state_changes

MOST_AT_ONCE: Final = 500


class LinksCleaned(msgspec.Struct, frozen=True, kw_only=True):
    """What was linked, or in a preview would be."""

    practice_id: str
    links: tuple[tuple[str, str], ...]
    """The reference that was kept, and the number."""
    released: int
    for_people: tuple[str, ...]
    """Merged references that lead to another patient than the one that was kept: a person decides which is right."""
    moves: tuple[StateChange, ...]


def clean_links(ledger: Ledger, practice_id: str, order: Order) -> LinksCleaned:
    """Link each kept reference that has no link to the one patient to whom those merged into it are linked. Blocks.

    Links of merged references stay: what was posted for them is still explained by them. Raises as `acting`.
    """
    with acting(ledger, order, Action.PATIENT_LINK, practice_id) as act:
        act.unit.lock_gates()
        before = open_entries(ledger.connection, practice_id)
        found = link_duplicates(ledger, practice_id, MOST_AT_ONCE).merged
        numbers: dict[str, set[str]] = defaultdict(set)
        for each in found:
            numbers[each.kept].add(each.pms_patient_id)
        wanted = {
            each.kept: each.pms_patient_id
            for each in found
            if each.kept_number is None and len(numbers[each.kept]) == 1
        }
        released = 0
        for ref, number in wanted.items():
            released += links.link(
                ledger.connection,
                practice_id,
                ref,
                number,
                order.saving(),
                clock=ledger.clock,
                jitter_s=ledger.jitter_s,
            )
        return LinksCleaned(
            practice_id=practice_id,
            links=tuple(wanted.items()),
            released=released,
            for_people=tuple(each.patient_ref for each in found if each.kept not in wanted),
            moves=state_changes(before, open_entries(ledger.connection, practice_id)),
        )
