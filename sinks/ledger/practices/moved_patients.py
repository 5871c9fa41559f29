"""Takes back what stands at a patient who was the wrong one, and posts it anew at the one who is linked now (E-12).

For each payment an internal event of its own kind, which upstream's next report supersedes. What is taken back is read
first at the former patient, like every reversal (R-20); what is posted anew goes to the link as it is now.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from processors.rules.decisions.decide import decide
from processors.rules.lifecycle.booking_terms import money_of
from processors.rules.lifecycle.payment_state import PaymentState, Reported
from processors.rules.lifecycle.payout_comparison import reported_fee
from schemas.codec import encode_event
from schemas.events import OUR_SOURCE, MembershipPaid, MoneyFields, PaymentCorrected, PaymentFacts
from schemas.identity import identify
from schemas.topics import STREAM_TOPICS
from schemas.vocabulary import State
from schemas.writebacks import MoneyKind, SourcePosition, Writeback
from sinks.ledger import gates
from sinks.ledger.intake.apply_events import EventApplier
from sinks.ledger.intake.build_writes import WriteBuilder
from sinks.ledger.intake.payment_key import PAYMENT, PaymentKey
from sinks.ledger.intake.read_context import lock_practices, read_context
from sinks.ledger.intake.read_payment_states import told_version
from sinks.ledger.intake.write import write
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.effects import LedgerEntryRow
from sinks.ledger.rows.fetch import fetch_value
from streams.runtime.errors import Permanent

Cursor = psycopg.Cursor[TupleRow]
_PAYOUTS: Final = named_queries("sinks.ledger.payouts", "standing.sql")
_PARTITION: Final = 1
"""Beside the partition 0 of what the bank is right about: positions of events without a source record."""


def move_entries(
    cursor: Cursor,
    practice_id: str,
    standing: Mapping[str, Collection[int]],
    *,
    at: datetime,
    jitter_s: int,
) -> Sequence[LedgerEntryRow]:
    """Move the entries of some payments; answers those that do it. The caller holds the practice's lock, has written
    the link, and found nothing in doubt. `standing`: by payment, what stands elsewhere. Blocks.

    Raises Permanent, with what to do first, where a payment waits itself.
    """
    keys = {PaymentKey(practice_id, PAYMENT, each) for each in standing}
    context = read_context(cursor, [], lock_practices(cursor, [practice_id]), at, also=keys)
    builder = WriteBuilder(context)
    applier = EventApplier(context, builder)
    history = context.practices[practice_id].facts.history
    for key in sorted(keys):
        state = context.payments.state(key)
        number = builder.last_id(practice_id) + 1
        event = _told_again(_known(state, key.ref), state, practice_id, number, at)
        words = fetch_value(cursor, _PAYOUTS["last_word"], {"practice_id": practice_id, "payment_id": key.ref})
        version, word = told_version(event), 1 + int(words)
        identity = msgspec.structs.replace(identify(event), kind=MoneyKind.LINK_MOVED, version=word)
        topic = STREAM_TOPICS[event.stream].value
        writeback = Writeback(
            position=SourcePosition(
                topic=topic, topic_id=OUR_SOURCE, partition=_PARTITION, offset=number, appended_at=at
            ),
            identity=identity,
            event_type=type(event).__name__,
            occurred_at=at,
            produced_at=at,
            trace_id=None,
            decision=decide(event, at, history),
            original_key=practice_id.encode(),
            original=encode_event(event),
        )
        moved = frozenset(standing[key.ref])
        applier.apply_ours(writeback, event, key, version=version, bank=word, moved=moved)
        after = context.payments.state(key).reported
        if after is None or after.waiting is not None:
            raise Permanent(f"payment {key.ref} cannot be moved as it stands: correct its entries by hand")
    write(cursor, builder.writes, now=at, at=at, jitter_s=jitter_s)
    gates.wake(cursor, {practice_id})
    return builder.writes.entries


def _known(state: PaymentState, payment_id: str) -> Reported:
    reported = state.reported
    if reported is None:
        raise Permanent(f"payment {payment_id} is not known any more: correct its entries by hand")
    if reported.waiting is not None or any(each.waiting is State.AWAITING_REVIEW for each in state.follow_ups):
        raise Permanent(
            f"something of payment {payment_id} waits for a person: decide about it first (`writeback entries list`)"
        )
    return reported


def _told_again(reported: Reported, state: PaymentState, practice_id: str, number: int, at: datetime) -> MoneyFields:
    """The payment as it is reported now, with its fee as it is known now, in our words of the envelope."""
    money, fee = money_of(reported), reported_fee(state)
    told: dict[str, Any] = {
        "event_id": f"link-{number}",
        "source": OUR_SOURCE,
        "occurred_at": at,
        "produced_at": at,
        "practice_id": practice_id,
        "trace_id": None,
        "fee_minor": fee,
        "fees": money.fees if fee == money.fee_minor else (),
        "net_minor": None if fee is None else money.gross_minor - fee,
    }
    if isinstance(money, MembershipPaid):
        return msgspec.structs.replace(money, **told)
    if not isinstance(money, PaymentFacts):
        raise TypeError(f"{type(money).__name__} is no payment of its own")
    facts = {name: getattr(money, name) for name in PaymentFacts.__struct_fields__}
    return PaymentCorrected(**(facts | told | {"version": reported.version}))
