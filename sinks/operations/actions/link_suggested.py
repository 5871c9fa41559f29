"""Links references to patients that were suggested: those of a review file, or those of which the rules are sure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

import msgspec

from sinks.ledger.practices import links
from sinks.linking.decide import Verdict
from sinks.operations.acting import Action, Order, acting
from sinks.operations.ledger import Ledger
from sinks.operations.queries.link_suggestions import Proposals
from sinks.operations.queries.open_entries import StateChange, open_entries, state_changes
from streams.runtime.errors import ConfigurationError

MOST_AT_ONCE: Final = 500
"""Links of one transaction, for which the practice's lock is held."""


class LinksMade(msgspec.Struct, frozen=True, kw_only=True):
    """What was linked, or in a preview would be."""

    practice_id: str
    links: tuple[tuple[str, str], ...]
    """Reference and number."""
    passed_over: tuple[str, ...]
    """References that are linked since, or whose patient is linked to another reference, archived, or not in the
    mirror."""
    released: int
    """Entries that waited for these links and go on."""
    moves: tuple[StateChange, ...]


def link_reviewed(ledger: Ledger, practice_id: str, wanted: Mapping[str, str], order: Order) -> LinksMade:
    """Link what a person said yes to in the review file, whole or not at all. Blocks.

    Raises as `acting` and `links.link`; ConfigurationError for no line, for too many, and for one that cannot be linked
    any more, with how many of them there are.
    """
    if not wanted:
        raise ConfigurationError("--read: no line says yes")
    if len(wanted) > MOST_AT_ONCE:
        raise ConfigurationError(
            f"--read: {len(wanted)} lines say yes, and {MOST_AT_ONCE} are linked at once: split it"
        )
    return _link(ledger, practice_id, wanted, order, automatic=False)


def link_sure(ledger: Ledger, practice_id: str, proposals: Proposals, order: Order) -> LinksMade:
    """Link those of which the rules are sure, MOST_AT_ONCE at most, where the practice allows it. Blocks.

    Each is looked at again under the lock. Raises as `acting`; ConfigurationError where the practice does not allow it.
    """
    wanted = {
        each.patient_ref: each.patients[0].pms_patient_id
        for each in proposals.proposals
        if each.verdict is Verdict.AUTO_LINK
    }
    # Of two references with one patient neither is sure.
    named = Counter(wanted.values())
    alone = {ref: number for ref, number in wanted.items() if named[number] == 1}
    return _link(ledger, practice_id, dict(list(alone.items())[:MOST_AT_ONCE]), order, automatic=True)


def _link(ledger: Ledger, practice_id: str, wanted: Mapping[str, str], order: Order, *, automatic: bool) -> LinksMade:
    """1. the practice's lock. 2. may it be. 3. which of them still can. 4. each link with its own audit entry."""
    with acting(ledger, order, Action.PATIENT_LINK, practice_id) as act:
        if automatic and not links.may_link_itself(act.cursor, practice_id):
            raise ConfigurationError(
                f"{practice_id} does not let references be linked by themselves: go through the review file (--write), "
                f"or allow it with writeback practice set {practice_id} --auto-link"
            )
        before = open_entries(ledger.connection, practice_id)
        can = links.linkable(act.cursor, practice_id, wanted, by_itself=automatic)
        cannot = tuple(ref for ref in wanted if ref not in can)
        if cannot and not automatic:
            raise ConfigurationError(
                f"--read: {len(cannot)} of {len(wanted)} cannot be linked, {cannot[0]} first: it is linked already, or "
                "the number is no patient's in use as last read, or is linked to another reference"
            )
        released = 0
        for ref in can:
            released += links.link(
                ledger.connection,
                practice_id,
                ref,
                wanted[ref],
                order.saving(),
                clock=ledger.clock,
                jitter_s=ledger.jitter_s,
            )
        return LinksMade(
            practice_id=practice_id,
            links=tuple((ref, wanted[ref]) for ref in can),
            passed_over=cannot,
            released=released,
            moves=state_changes(before, open_entries(ledger.connection, practice_id)),
        )
