"""Takes the documents of a payout back at QuickBooks, because a person says so (P-7, P-8).

Entries of the payout's own event: the mirror of each document, and a document that waits for a person. What the payout
carries stands as before: the bank has the money.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import psycopg
from psycopg.rows import TupleRow

from processors.rules.lifecycle.payment_state import EntryState, PaymentState
from processors.rules.lifecycle.payouts import standing_documents
from schemas.vocabulary import DEAD, IN_DOUBT, DecisionReason, State
from sinks.ledger import gates
from sinks.ledger.intake.apply_events import EventApplier
from sinks.ledger.intake.build_writes import WriteBuilder
from sinks.ledger.intake.payment_key import PAYOUT, PaymentKey
from sinks.ledger.intake.read_context import lock_practices, read_context
from sinks.ledger.intake.write import write
from sinks.ledger.rows.effects import LedgerEntryRow
from streams.runtime.errors import Permanent

Cursor = psycopg.Cursor[TupleRow]


def undo_documents(
    cursor: Cursor, practice_id: str, payout_id: str, expected: Collection[int], *, at: datetime, jitter_s: int
) -> Sequence[LedgerEntryRow]:
    """Plan what takes the payout's documents back; answers the new entries. The caller holds the practice's lock and
    its gates, and has read the documents `expected` at QuickBooks. Blocks.

    Raises Permanent, with what to do first, where a document is not posted and standing, or another one than expected.
    """
    key = PaymentKey(practice_id, PAYOUT, payout_id)
    context = read_context(cursor, [], lock_practices(cursor, [practice_id]), at, also={key})
    builder = WriteBuilder(context)
    state = context.payments.state(key)
    _check(state, practice_id, payout_id, expected)
    EventApplier(context, builder).undo(key)
    write(cursor, builder.writes, now=at, at=at, jitter_s=jitter_s)
    gates.wake(cursor, {practice_id})
    return builder.writes.entries


def _check(state: PaymentState, practice_id: str, payout_id: str, expected: Collection[int]) -> None:
    reported = state.reported
    if reported is None:
        raise Permanent(
            f"the report of payout {payout_id} is older than what is kept: take its document back in QuickBooks by hand"
        )
    if reported.waiting is not None:
        raise Permanent(
            f"a newer report of payout {payout_id} waits for a person: decide about it first "
            f"(`writeback entries list {practice_id}`)"
        )
    documents = standing_documents(state)
    if not documents:
        raise Permanent(f"no document of payout {payout_id} stands in QuickBooks: there is nothing to take back")
    for each in documents:
        if each.state is not State.POSTED:
            raise Permanent(f"e:{each.effect_id} {_instead(each, practice_id)}")
    if {each.effect_id for each in documents} != set(expected):
        raise Permanent(f"the documents of payout {payout_id} have changed meanwhile: look at them again")


def _instead(document: EntryState, practice_id: str) -> str:
    named = f"{practice_id} e:{document.effect_id}"
    if document.reason is DecisionReason.UNDONE and document.state is State.AWAITING_MANUAL_POST:
        return f"was taken back already; `writeback entries post {named}` has it written again"
    if document.state in IN_DOUBT:
        return "may be under way: its outcome comes first, then repeat this"
    if document.state in DEAD:
        return f"stands dead: `writeback dlq redrive`, or `writeback entries record|dismiss {named}`"
    if document.state is State.RECORDED_MANUALLY:
        return "was entered in QuickBooks by hand: take it back there by hand"
    if document.state is State.DISMISSED:
        return "was dismissed, so nothing was written"
    return f"is not written yet: `writeback entries dismiss {named}` keeps it from being written"
