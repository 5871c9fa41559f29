"""Takes a payout's document back because a person says so; a person alone has it written again (P-7, P-8). Pure.

The payout itself stays as it was reported: no money moved at the bank. So the mirror carries the document's own date,
and every day and month of the books comes to what it would be without the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from processors.rules.lifecycle.change import NewEntry
from processors.rules.lifecycle.payment_state import EntryState, EventId, PaymentState
from processors.rules.lifecycle.payouts import reversal_of, standing_documents
from schemas.plan import Decision, PartKey, PlannedEntry
from schemas.vocabulary import SKIPPED, DecisionReason, EntryKind, State

_WAITS = State.AWAITING_MANUAL_POST
_UNDONE = DecisionReason.UNDONE


def taken_back(state: PaymentState, at: datetime) -> Iterator[tuple[EventId, tuple[NewEntry, NewEntry]]]:
    """By the event of each document that is posted and stands: its mirror, and a document that waits for a person."""
    documents = [each for each in standing_documents(state) if each.state is State.POSTED]
    for part, each in enumerate(documents, start=_first_free(state)):
        mirror = reversal_of(each, at, each.instruction.ledger_date)
        yield (each.source, each.event_id), (mirror, _again(each, str(part)))


def is_undone(state: PaymentState) -> bool:
    """Whether the payout's newest document was taken back by a person, and nobody has let it go out again."""
    documents = [
        x for x in state.entries if x.entry_kind is EntryKind.PAYOUT and x.state is not State.VOIDED_BEFORE_POST
    ]
    return bool(documents) and max(documents, key=lambda each: each.effect_id).reason is _UNDONE


def kept_for_person(decision: Decision) -> Decision:
    """The plan of a later version of such a payout: it waits for a person too."""
    effects = tuple(
        effect if effect.state in SKIPPED else msgspec.structs.replace(effect, state=_WAITS, reason=_UNDONE)
        for effect in decision.effects
    )
    if effects == decision.effects:
        return decision
    return msgspec.structs.replace(decision, reason=_UNDONE, effects=effects)


def _first_free(state: PaymentState) -> int:
    """The number of the next writing: the first one's part is empty, so numbers begin with 2."""
    parts = (PartKey.parse(x.part).place for x in state.entries if x.entry_kind is EntryKind.PAYOUT)
    return 1 + max((int(each) for each in parts if each.isdecimal()), default=1)


def _again(document: EntryState, part: str) -> NewEntry:
    return NewEntry(
        effect=PlannedEntry(
            target=document.target,
            entry_kind=EntryKind.PAYOUT,
            part=part,
            state=_WAITS,
            reason=_UNDONE,
            lane=document.lane,
            instruction=document.instruction,
        )
    )
