"""Books what a payout says, because a person decided that the bank is right: an internal event of its own kind
(P-23, law 6).

Upstream's own events keep their identities free: its next report of the same money supersedes this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from processors.rules.decisions.decide import decide
from processors.rules.lifecycle.booking_terms import money_of
from processors.rules.lifecycle.payment_state import PaymentState, is_ours
from processors.rules.lifecycle.payout_comparison import reported_fee
from schemas.codec import encode_event
from schemas.events import (
    OUR_SOURCE,
    Event,
    PaymentCorrected,
    PaymentFacts,
    PaymentFeeAssessed,
    PayoutCategory,
    RefundSucceeded,
)
from schemas.identity import identify
from schemas.plan import Decision
from schemas.topics import STREAM_TOPICS
from schemas.vocabulary import ACCEPTABLE, DifferenceKind
from schemas.writebacks import MoneyKind, SourcePosition, Writeback
from sinks.ledger import gates
from sinks.ledger.intake.apply_events import EventApplier
from sinks.ledger.intake.build_writes import WriteBuilder
from sinks.ledger.intake.payment_key import PAYMENT, PaymentKey
from sinks.ledger.intake.read_context import lock_practices, read_context
from sinks.ledger.intake.write import write
from sinks.ledger.rows.effects import LedgerEntryRow
from sinks.ledger.rows.payouts import PayoutDifferenceRow, StandingItemRow
from streams.runtime.errors import Permanent

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
    practice_id = difference.practice_id
    payment_id = item.payment_id
    if difference.kind not in ACCEPTABLE or item.category not in (PayoutCategory.CHARGE, PayoutCategory.REFUND):
        raise Permanent(
            f"{difference.kind}: what is to be booked cannot be known from the payout alone. Have your payment "
            "provider send it, or dismiss the difference"
        )
    if difference.kind is not DifferenceKind.REFUND_UNKNOWN and item.category is PayoutCategory.REFUND:
        raise Permanent(
            "a refund that was reported is corrected by whoever reported it: ask your payment provider, or dismiss it"
        )
    if payment_id is None:
        raise Permanent("the payout does not say which payment it is about: have your payment provider send it")
    key = PaymentKey(practice_id, PAYMENT, payment_id)
    seqs = lock_practices(cursor, [practice_id])
    context = read_context(cursor, [], seqs, at, also={key})
    state = context.payments.state(key)
    event = _event(difference, item, state, at)
    bank = 1 + sum(1 for each in state.follow_ups if is_ours(each.event)) + _before(state)
    version = event.version if isinstance(event, PaymentCorrected) else bank
    builder = WriteBuilder(context)
    applier = EventApplier(context, builder)
    history = context.practices[practice_id].facts.history
    decision = decide(event, at, history)
    writeback = _writeback(event, _KINDS[difference.kind], bank, difference, decision)
    applier.apply_ours(writeback, event, key, version=version, bank=bank)
    write(cursor, builder.writes, now=at, at=at, jitter_s=jitter_s)
    gates.wake(cursor, {practice_id})
    return builder.writes.entries


def _event(difference: PayoutDifferenceRow, item: StandingItemRow, state: PaymentState, at: datetime) -> Event:
    """What upstream would have to say. The words of the envelope are ours."""
    envelope: dict[str, Any] = {
        "event_id": f"bank-{difference.number}",
        "source": OUR_SOURCE,
        "occurred_at": at,
        "produced_at": at,
        "practice_id": difference.practice_id,
    }
    if difference.kind is DifferenceKind.REFUND_UNKNOWN:
        return RefundSucceeded(
            **envelope,
            refund_id=item.subject,
            payment_id=item.payment_id or "",
            gross_minor=item.gross_minor,
            fee_minor=item.fee_minor,
            net_minor=item.gross_minor - item.fee_minor,
        )
    if state.reported is None:
        raise Permanent("the payment is not known any more: see `writeback explain`")
    if difference.kind is DifferenceKind.FEE_DIFFERS:
        versions = (x.event.version for x in state.follow_ups if isinstance(x.event, PaymentFeeAssessed))
        return PaymentFeeAssessed(
            **envelope,
            payment_id=item.subject,
            version=max(versions, default=0),
            fee_minor=item.fee_minor,
            net_minor=money_of(state.reported).gross_minor - item.fee_minor,
        )
    return _corrected(envelope, item, state)


def _corrected(envelope: dict[str, Any], item: StandingItemRow, state: PaymentState) -> PaymentCorrected:
    """The payment with the payout's gross, and its fee as far as it is known. Permanent where its parts are not."""
    reported = state.reported
    money = None if reported is None else money_of(reported)
    if reported is None or not isinstance(money, PaymentFacts) or money.remittance is not None:
        raise Permanent("which part of the payment differs is not known: your payment provider has to correct it")
    if len(money.splits) > 1:
        raise Permanent("which of its splits differs is not known: your payment provider has to correct it")
    fee, gross = reported_fee(state), item.gross_minor
    if gross - money.surcharge_minor <= 0:
        raise Permanent("nothing would be left of the payment: your payment provider has to void or refund it")
    splits = tuple(msgspec.structs.replace(each, amount_minor=gross - money.surcharge_minor) for each in money.splits)
    facts = {name: getattr(money, name) for name in PaymentFacts.__struct_fields__}
    told = {
        "version": reported.version,
        "gross_minor": gross,
        "fee_minor": fee,
        "fees": (),
        "net_minor": None if fee is None else gross - fee,
        "splits": splits,
    }
    return PaymentCorrected(**(facts | told | {"trace_id": None} | envelope))


def _before(state: PaymentState) -> int:
    return 0 if state.reported is None else state.reported.bank


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
