"""Payouts that fail, and payouts that are told anew (P-7, P-8, P-21). The PMS is not touched by either."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from processors.rules.lifecycle.change import Change, NewEntry, nothing, parked
from processors.rules.lifecycle.follower_state import dependency_of, initial_state, voidable
from processors.rules.lifecycle.payment_state import EntryState, PaymentState, Reported
from schemas.events import PayoutFailed
from schemas.plan import Instruction, PartKey, PlannedEntry
from schemas.vocabulary import SKIPPED, DecisionReason, EntryKind, State

_DOCUMENTS = frozenset({EntryKind.PAYOUT, EntryKind.PAYOUT_REVERSAL})


def payout_failed(event: PayoutFailed, life: PaymentState, on: date) -> Change:
    """The document is taken back on the day on which the bank took the money; its transactions are free again (P-21).

    A later version that was told of the time after the failure stands: it is the payout issued anew. Where that fails
    too, its failure names its version, and parks until that is told.
    """
    told = life.told
    if told is None or told.waiting is State.AWAITING_SETTINGS or told.version < event.version:
        return parked()
    if _since(told, event):
        return nothing(DecisionReason.CORRECTED)
    standing = _standing(life)
    reversals = tuple(_reversal(entry, event.occurred_at, on) for entry in standing if not voidable(entry))
    return Change(
        reason=DecisionReason.FOLLOWS_ORIGINAL if reversals else DecisionReason.VOIDED,
        applied=not reversals,
        effects=reversals,
        void=tuple(entry.effect_id for entry in standing if voidable(entry)),
        settings_version=told.settings_version,
    )


def told_payout(new: Reported, life: PaymentState, on: date) -> Change:
    """A payout, or version n+1 of one: the document of version n is taken back, the new one follows (P-8).

    Told again with the same content it changes nothing. Sums that disagree change nothing until a person looked (P-1).
    """
    old = life.told
    if old is not None and old.version >= new.version:
        return Change(applied=True, reason=DecisionReason.CORRECTED, old_version=True)
    if new.waiting is not None:
        return Change(waiting=new.waiting, reason=new.reason)
    standing = _standing(life)
    if standing and [_content(x.instruction) for x in standing] == [_content(x.instruction) for x in new.plan]:
        return nothing(DecisionReason.CORRECTED)
    at = new.event.occurred_at
    reversals = tuple(_reversal(entry, at, on) for entry in standing if not voidable(entry))
    return Change(
        reason=new.reason,
        applied=not new.plan and not reversals,
        effects=(*reversals, *(NewEntry(effect=effect) for effect in new.plan)),
        void=tuple(entry.effect_id for entry in standing if voidable(entry)),
        void_reason=DecisionReason.CORRECTED,
    )


def stands(life: PaymentState) -> bool:
    """Whether the payout, as it was told last, is in the practice's bank: no failure of it came since (T-13, P-21).

    The query `payout_items` says the same of stored payouts.
    """
    told = life.told
    failures = (linked.event for linked in life.linked if isinstance(linked.event, PayoutFailed))
    return told is not None and told.waiting is None and all(_since(told, failed) for failed in failures)


def issued_since(version: int, at: datetime, failed_version: int, failed_at: datetime) -> bool:
    """Whether a version of a payout was issued after this failure (P-21). Pure.

    The first failure may be of any version told before it; a later one is of the version that it names.
    """
    return version > failed_version and (failed_version > 1 or at > failed_at)


def _since(told: Reported, failed: PayoutFailed) -> bool:
    return issued_since(told.version, told.event.occurred_at, failed.version, failed.occurred_at)


def _standing(life: PaymentState) -> Sequence[EntryState]:
    """The documents that are there, on their way there or in a person's hands, and not taken back."""
    there = [x for x in life.entries if x.state is not State.VOIDED_BEFORE_POST and x.entry_kind in _DOCUMENTS]
    back = {x.part for x in there if x.entry_kind is EntryKind.PAYOUT_REVERSAL}
    documents = [x for x in there if x.entry_kind is EntryKind.PAYOUT and x.state not in SKIPPED]
    return [x for x in documents if _part(x) not in back]


def _part(document: EntryState) -> str:
    return str(PartKey.reversal(EntryKind.PAYOUT, document.part, document.instruction.version))


def _reversal(document: EntryState, occurred_at: datetime, on: date) -> NewEntry:
    """The same lines, and the amounts with the other sign: the adapter writes the mirror of what it wrote (P-7)."""
    standing, order = initial_state(document), document.instruction
    return NewEntry(
        effect=PlannedEntry(
            target=document.target,
            entry_kind=EntryKind.PAYOUT_REVERSAL,
            part=_part(document),
            state=standing.state,
            reason=standing.reason,
            lane=document.lane,
            instruction=msgspec.structs.replace(
                order,
                entry_kind=EntryKind.PAYOUT_REVERSAL,
                amount_minor=-order.amount_minor,
                gross_minor=_other_way(order.gross_minor),
                fee_minor=_other_way(order.fee_minor),
                ledger_date=on,
                occurred_at=occurred_at,
                original_ref=order.payment_ref,
                original_date=order.ledger_date,
            ),
        ),
        behind=dependency_of(document),
        connection_id=document.connection_id,
    )


def _other_way(amount: int | None) -> int | None:
    return None if amount is None else -amount


def _content(order: Instruction) -> tuple[object, ...]:
    return order.amount_minor, order.currency, order.ledger_date, order.gross_minor, order.fee_minor, order.lines
