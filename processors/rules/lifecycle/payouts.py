"""Applies a payout, its new version, and its failure; says which payments it carries (P-7, P-8, P-21, T-13)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from processors.rules.lifecycle.awaiting_original import parked
from processors.rules.lifecycle.change import Change, NewEntry, nothing
from processors.rules.lifecycle.follower_state import dependency_of, following_state, voidable
from processors.rules.lifecycle.payment_state import EntryState, PaidItem, PaymentState, Reported
from schemas.events import PayoutFailed, PayoutPaid
from schemas.plan import Decision, Instruction, PartKey, PlannedEntry
from schemas.vocabulary import PAYOUT_DOCUMENTS, SKIPPED, DecisionReason, EntryKind, State


def payout_failed(event: PayoutFailed, state: PaymentState, on: date) -> Change:
    """The document is reversed on the day on which the bank took the money; its transactions are free again (P-21).

    A later version that was reported for a time after the failure stands: it is the payout issued anew. Where that
    fails too, its failure names its version, and parks until that version is reported. The PMS is not touched.
    """
    reported = state.reported
    if reported is None or reported.waiting is State.AWAITING_SETTINGS or reported.version < event.version:
        return parked()
    if _since(reported, event):
        return nothing(DecisionReason.CORRECTED)
    standing = standing_documents(state)
    reversals = tuple(reversal_of(entry, event.occurred_at, on) for entry in standing if not voidable(entry))
    return Change(
        reason=DecisionReason.FOLLOWS_ORIGINAL if reversals else DecisionReason.VOIDED,
        applied=not reversals,
        effects=reversals,
        void=tuple(entry.effect_id for entry in standing if voidable(entry)),
        settings_version=reported.settings_version,
    )


def payout_reported(new: Reported, state: PaymentState, on: date) -> Change:
    """A payout, or version n+1 of one: the document of version n is reversed, the new one follows (P-8).

    Reported again with the same content it changes nothing. Sums that disagree change nothing until a person looked
    (P-1). The PMS is not touched.
    """
    old = state.reported
    if old is not None and old.version >= new.version:
        return Change(applied=True, reason=DecisionReason.CORRECTED, old_version=True)
    if new.waiting is not None:
        return Change(waiting=new.waiting, reason=new.reason)
    standing = standing_documents(state)
    if standing and [_content(x.instruction) for x in standing] == [_content(x.instruction) for x in new.plan]:
        return nothing(DecisionReason.CORRECTED)
    at = new.event.occurred_at
    reversals = tuple(reversal_of(entry, at, on) for entry in standing if not voidable(entry))
    return Change(
        reason=new.reason,
        applied=not new.plan and not reversals,
        effects=(*reversals, *(NewEntry(effect=effect) for effect in new.plan)),
        void=tuple(entry.effect_id for entry in standing if voidable(entry)),
        void_reason=DecisionReason.CORRECTED,
    )


def held_back(decision: Decision) -> Decision:
    """The plan of a payout with an item of an earlier one that stands: a person, or a correction, goes first (P-23)."""
    reason = DecisionReason.IN_TWO_PAYOUTS
    effects = tuple(
        effect
        if effect.state in SKIPPED
        else msgspec.structs.replace(effect, state=State.AWAITING_REVIEW, reason=reason)
        for effect in decision.effects
    )
    if effects == decision.effects:
        return decision
    return msgspec.structs.replace(decision, reason=reason, effects=effects)


def stands(state: PaymentState) -> bool:
    """Whether the payout, as it was reported last, is in the practice's bank: no failure of it since (P-21)."""
    reported = state.reported
    failures = (follow_up.event for follow_up in state.follow_ups if isinstance(follow_up.event, PayoutFailed))
    return reported is not None and reported.waiting is None and all(_since(reported, failed) for failed in failures)


def issued_since(version: int, at: datetime, failed_version: int, failed_at: datetime) -> bool:
    """Whether a version of a payout was issued after this failure (P-21). Pure.

    The first failure may be of any version reported before it; a later one is of the version that it names.
    """
    return version > failed_version and (failed_version > 1 or at > failed_at)


def paid_items(state: PaymentState) -> dict[str, list[PaidItem]]:
    """By payment, the items of a payout as it was reported last; none of one that waits (T-13, N-5).

    A payout that failed has them still, whichever was reported first: the fee is known all the same. They do not stand
    (P-21).
    """
    found: dict[str, list[PaidItem]] = {}
    reported, standing = state.reported, stands(state)
    if reported is None or reported.waiting is not None:
        return found
    event = reported.event
    if not isinstance(event, PayoutPaid):
        return found
    for item in event.items:
        if item.payment_id is not None:
            found.setdefault(item.payment_id, []).append(
                PaidItem(
                    payout_id=event.payout_id,
                    category=item.category,
                    gross_minor=item.gross_minor,
                    fee_minor=item.fee_minor,
                    net_minor=item.net_minor,
                    stands=standing,
                )
            )
    return found


def _since(reported: Reported, failed: PayoutFailed) -> bool:
    return issued_since(reported.version, reported.event.occurred_at, failed.version, failed.occurred_at)


def standing_documents(state: PaymentState) -> Sequence[EntryState]:
    """The documents that are in the books, on their way there or with a person, and not reversed. Pure."""
    there = [x for x in state.entries if x.state is not State.VOIDED_BEFORE_POST and x.entry_kind in PAYOUT_DOCUMENTS]
    back = {x.part for x in there if x.entry_kind is EntryKind.PAYOUT_REVERSAL}
    documents = [x for x in there if x.entry_kind is EntryKind.PAYOUT and x.state not in SKIPPED]
    return [x for x in documents if _part(x) not in back]


def _part(document: EntryState) -> str:
    return str(PartKey.reversal(EntryKind.PAYOUT, document.part, document.instruction.version))


def reversal_of(document: EntryState, occurred_at: datetime, on: date) -> NewEntry:
    """The same lines, and the amounts with the other sign: the adapter writes the mirror of what it wrote (P-7)."""
    initial, instruction = following_state(document), document.instruction
    return NewEntry(
        effect=PlannedEntry(
            target=document.target,
            entry_kind=EntryKind.PAYOUT_REVERSAL,
            part=_part(document),
            state=initial.state,
            reason=initial.reason,
            lane=document.lane,
            instruction=msgspec.structs.replace(
                instruction,
                entry_kind=EntryKind.PAYOUT_REVERSAL,
                amount_minor=-instruction.amount_minor,
                gross_minor=_negated(instruction.gross_minor),
                fee_minor=_negated(instruction.fee_minor),
                ledger_date=on,
                occurred_at=occurred_at,
                original_ref=instruction.payment_ref,
                original_date=instruction.ledger_date,
            ),
        ),
        behind=dependency_of(document),
        connection_id=document.connection_id,
    )


def _negated(amount: int | None) -> int | None:
    return None if amount is None else -amount


def _content(document: Instruction) -> tuple[object, ...]:
    amounts = (document.amount_minor, document.gross_minor, document.fee_minor)
    return document.currency, document.ledger_date, amounts, document.lines
