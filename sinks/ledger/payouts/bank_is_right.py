"""Books what a payout says, because a person decided that the bank is right: an internal event of its own kind
(P-23, law 6).

Upstream's own events keep their identities free: its next report of the same money supersedes this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from processors.rules.decisions.decide import decide
from processors.rules.lifecycle.payment_state import PaymentState
from schemas.codec import encode_event
from schemas.events import OUR_SOURCE, Event, MoneyFields, PayoutCategory
from schemas.identity import identify
from schemas.plan import Decision
from schemas.topics import STREAM_TOPICS
from schemas.vocabulary import ACCEPTABLE, DifferenceKind, State
from schemas.writebacks import MoneyKind, SourcePosition, Writeback
from sinks.ledger import gates
from sinks.ledger.intake.apply_events import EventApplier
from sinks.ledger.intake.build_writes import WriteBuilder
from sinks.ledger.intake.payment_key import PAYMENT, PaymentKey
from sinks.ledger.intake.read_context import lock_practices, read_context
from sinks.ledger.intake.read_payment_states import told_version
from sinks.ledger.intake.write import write
from sinks.ledger.payouts.bank_events import bank_event, refusal
from sinks.ledger.payouts.standing import SQL
from sinks.ledger.rows.effects import LedgerEntryRow
from sinks.ledger.rows.fetch import fetch_value
from sinks.ledger.rows.payouts import PayoutDifferenceRow, StandingItemRow

_KINDS: Final = {
    DifferenceKind.FEE_DIFFERS: MoneyKind.BANK_FEE,
    DifferenceKind.GROSS_DIFFERS: MoneyKind.BANK_GROSS,
    DifferenceKind.REFUND_UNKNOWN: MoneyKind.BANK_REFUND,
}

Cursor = psycopg.Cursor[TupleRow]


def accept(
    cursor: Cursor, difference: PayoutDifferenceRow, item: StandingItemRow, *, at: datetime, jitter_s: int
) -> Sequence[LedgerEntryRow]:
    """Make the correcting entries of one difference; answers them. The caller holds the practice's lock. Blocks.

    Raises Permanent, with what to do, where the bank's word is not enough to book it.
    """
    practice_id, payment_id = difference.practice_id, item.payment_id
    if difference.kind not in ACCEPTABLE or item.category not in (PayoutCategory.CHARGE, PayoutCategory.REFUND):
        raise refusal(
            difference,
            f"{difference.kind}: what is to be booked cannot be known from the payout alone",
            "have your payment provider send it, which ends this by itself, or enter it by hand",
        )
    if payment_id is None:
        raise refusal(
            difference,
            "the payout does not say which payment it is about",
            "have your payment provider send it, which ends this by itself, or enter it by hand",
        )
    key = PaymentKey(practice_id, PAYMENT, payment_id)
    seqs = lock_practices(cursor, [practice_id])
    context = read_context(cursor, [], seqs, at, also={key})
    state = context.payments.state(key)
    event = bank_event(difference, item, state, at)
    of_payment = {"practice_id": practice_id, "payment_id": payment_id}
    bank = 1 + int(fetch_value(cursor, SQL["last_word"], of_payment))
    version = told_version(event) if isinstance(event, MoneyFields) else bank
    builder = WriteBuilder(context)
    applier = EventApplier(context, builder)
    history = context.practices[practice_id].facts.history
    decision = decide(event, at, history)
    kind = MoneyKind.BANK_REFUND if item.category is PayoutCategory.REFUND else _KINDS[difference.kind]
    writeback = _writeback(event, kind, bank, difference, decision)
    applier.apply_ours(writeback, event, key, version=version, bank=bank)
    if _is_held(event, context.payments.state(key)):
        raise refusal(
            difference,
            "more was given back of the payment than would be left",
            "decide which of its refunds is right and correct the entries by hand",
        )
    write(cursor, builder.writes, now=at, at=at, jitter_s=jitter_s)
    gates.wake(cursor, {practice_id})
    return builder.writes.entries


def _is_held(event: Event, state: PaymentState) -> bool:
    """It does not fit what is known of the payment: then nothing of it would be booked."""
    reported = state.reported
    if isinstance(event, MoneyFields):
        return reported is not None and reported.event is event and reported.waiting is State.AWAITING_REVIEW
    return any(each.event is event and each.waiting is not None for each in state.follow_ups)


def _writeback(
    event: Event, kind: MoneyKind, version: int, difference: PayoutDifferenceRow, decision: Decision
) -> Writeback:
    """Its record: without a source record, so its position is its number among the practice's differences."""
    identity = msgspec.structs.replace(identify(event), kind=kind, version=version)
    topic = STREAM_TOPICS[event.stream]
    return Writeback(
        position=SourcePosition(
            topic=topic.value, topic_id=OUR_SOURCE, partition=0, offset=difference.number, appended_at=event.occurred_at
        ),
        identity=identity,
        event_type=type(event).__name__,
        occurred_at=event.occurred_at,
        produced_at=event.produced_at,
        trace_id=None,
        decision=decision,
        original_key=event.practice_id.encode(),
        original=encode_event(event),
    )
