"""Ends a difference between a payout and what was reported: dismissed, or the bank is right (P-23)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas.vocabulary import DifferenceEnd, DifferenceKind
from sinks.ledger.payouts.bank_is_right import accept
from sinks.ledger.rows.effects import LedgerEntryRow
from sinks.ledger.rows.fetch import fetch_one, fetch_values
from sinks.ledger.rows.payouts import PayoutDifferenceRow, StandingItemRow
from sinks.operations.acting import Act, Action, Order, acting
from sinks.operations.ledger import Ledger
from sinks.operations.queries.payout_differences import PREFIX, SQL
from streams.runtime.errors import ConfigurationError, Permanent


class DifferenceEnded(msgspec.Struct, frozen=True):
    """What was done, or in a preview would be."""

    difference: PayoutDifferenceRow
    entries: Sequence[LedgerEntryRow] = ()
    """The correcting entries, as they were planned."""


def dismiss_difference(ledger: Ledger, practice_id: str, number: int, order: Order) -> DifferenceEnded:
    """Nothing is to be done about it: it is told no more, and no entry changes. Blocks for the practice's lock.

    Raises Permanent where a held payout waits for a decision about its entry, and as `acting`.
    """
    with acting(ledger, order, Action.DIFFERENCE_DISMISS, practice_id) as act:
        difference = _open(act, number)
        if difference.kind is DifferenceKind.IN_TWO_PAYOUTS:
            key = {"practice_id": practice_id, "payout_id": difference.payout_id}
            held = [f"e:{each}" for each in fetch_values(act.cursor, SQL["held_entries"], key)]
            if held:
                raise Permanent(
                    f"payout {difference.payout_id} is held because of it: decide about its entry with "
                    f"`writeback entries post|record|dismiss {practice_id} {' '.join(held)}`, which ends this too"
                )
        _end(act, difference, DifferenceEnd.DISMISSED)
    return DifferenceEnded(difference)


def accept_difference(ledger: Ledger, practice_id: str, number: int, order: Order) -> DifferenceEnded:
    """The bank is right: book what the payout says. Blocks for the practice's lock.

    Raises Permanent where that is not enough to book it, and as `acting`.
    """
    with acting(ledger, order, Action.DIFFERENCE_ACCEPT, practice_id) as act:
        difference = _open(act, number)
        item = _item(act, difference)
        entries = accept(act.cursor, difference, item, at=act.at, jitter_s=ledger.jitter_s)
        _end(act, difference, DifferenceEnd.BANK_IS_RIGHT, entries)
    return DifferenceEnded(difference, entries)


def _open(act: Act, number: int) -> PayoutDifferenceRow:
    key = {"practice_id": act.practice_id, "number": number}
    found = fetch_one(act.cursor, PayoutDifferenceRow, SQL["difference"], key)
    if found is None:
        raise ConfigurationError(f"{PREFIX}{number}: no such difference; see `writeback payouts differences`")
    if found.ended_at is not None:
        raise Permanent(f"{PREFIX}{number} has ended already ({found.ended_as}): nothing is left to decide")
    return found


def _item(act: Act, difference: PayoutDifferenceRow) -> StandingItemRow:
    """What the payout says now. Permanent where none says anything any more."""
    key = {
        "practice_id": act.practice_id,
        "category": difference.category,
        "subject": difference.subject,
        "payout_id": difference.payout_id,
    }
    found = fetch_one(act.cursor, StandingItemRow, SQL["item"], key)
    if found is None:
        raise Permanent(
            f"{difference.kind}: no payout that stands says anything about it. Have your payment provider send what is "
            "missing, or dismiss the difference"
        )
    return found


def _end(act: Act, difference: PayoutDifferenceRow, end: DifferenceEnd, entries: Sequence[LedgerEntryRow] = ()) -> None:
    ended = {
        "practice_id": act.practice_id,
        "number": difference.number,
        "now": act.at,
        "ended_as": end,
        "actor": act.order.actor.name,
        "why": act.order.reason,
    }
    act.cursor.execute(SQL["end"], ended)
    act.audit(
        subject=f"{PREFIX}{difference.number}",
        before={
            "kind": difference.kind,
            "payout": difference.payout_id,
            "subject": difference.subject,
            "reported_minor": difference.reported_minor,
            "paid_minor": difference.paid_minor,
        },
        after={"ended_as": end, "entries": {f"e:{each.effect_id}": each.amount_minor for each in entries}},
    )
