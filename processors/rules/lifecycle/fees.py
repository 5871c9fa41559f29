"""A fee that is told after its payment, or told anew (N-5, N-1, N-2, R-15, E-7, E-11)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec

from processors.rules.lifecycle import moved_refunds, superseded_plans
from processors.rules.lifecycle.amounts import with_fee
from processors.rules.lifecycle.booking_terms import fee_of, is_cleared, is_voided, money_of, shares_of, terms_of
from processors.rules.lifecycle.change import Change, NewEntry, ReleasedOriginal, for_review, nothing, parked
from processors.rules.lifecycle.clearance import waiting_for_funds
from processors.rules.lifecycle.entries import classify_entries
from processors.rules.lifecycle.follower_state import initial_state, voidable
from processors.rules.lifecycle.payment_state import FollowUp, PaymentState, Reported
from processors.rules.lifecycle.payments import resolved
from processors.rules.lifecycle.readiness import follow
from processors.rules.lifecycle.reversal_entries import EntryBuilder, origin_of
from schemas.bookkeeping.money import largest_remainder
from schemas.events import PaymentFeeAssessed
from schemas.plan import PartKey
from schemas.practice_settings import AmountMode
from schemas.vocabulary import SKIPPED, DecisionReason, EntryKind, State


def assessed(event: PaymentFeeAssessed, life: PaymentState, on: date) -> Change:
    """What waits for the fee is planned with it. Where the payment was planned already, the fee posts its difference.

    GROSS, insurance and what is skipped take no fee to the ledger; an older version than is known changes nothing.
    One whose net is not its payment's gross less the fee is a person's (M-3), unless the payment was corrected since.
    """
    told = life.told
    if told is None or told.waiting is State.AWAITING_SETTINGS:
        return parked()
    known = (x.event for x in life.linked if x.waiting is None and isinstance(x.event, PaymentFeeAssessed))
    if any(each.version > event.version for each in known) or is_voided(life):
        return nothing()
    if _disagrees(event, told):
        return for_review(DecisionReason.SUMS_DISAGREE)
    after = msgspec.structs.replace(life, linked=(*life.linked, FollowUp(event=event)))
    if told.waiting is not None:
        return _released(told, after, on)
    before, fee = fee_of(life), fee_of(after)
    terms = terms_of(told)
    if before is None or fee is None or fee == before or terms.mode is AmountMode.GROSS:
        return nothing()
    lines = classify_entries(life)
    own = [line for line in lines if not line.given and line.booked]
    if all(line.entry.state in SKIPPED for line in own):
        return nothing()
    if all(voidable(line.entry) for line in own) and not moved_refunds.is_netted(lines):
        return superseded_plans.replaced(with_fee(told, fee), told, after, on, by=event)
    order = EntryBuilder(event=event, ref=event.payment_id, original=event.payment_id, on=on, companion=terms.companion)
    return follow(told, _difference(order, event, life, told, fee - before))


def _disagrees(event: PaymentFeeAssessed, told: Reported) -> bool:
    if event.occurred_at < told.event.occurred_at or terms_of(told).mode is AmountMode.GROSS:
        return False
    return event.net_minor != money_of(told).gross_minor - event.fee_minor


def paid_out(life: PaymentState, on: date) -> Change:
    """What a payout that now stands, among `life.items`, changes for a payment it carries: its funds are there (T-13),
    and its fee is known (N-5). It belongs to no event of this life."""
    told = life.told
    lift = waiting_for_funds(life) if is_cleared(life) else ()
    if told is None or told.waiting is not State.AWAITING_FEE:
        return Change(applied=True, reason=DecisionReason.FUNDS_CLEARED, lift=lift)
    change = _released(told, life, on)
    return msgspec.structs.replace(change, reason=DecisionReason.FUNDS_CLEARED, lift=(*change.lift, *lift))


def _released(told: Reported, life: PaymentState, on: date) -> Change:
    """The told event leaves AWAITING_FEE with its plan; anything else that it waits for is another's to end."""
    if told.waiting is not State.AWAITING_FEE:
        return nothing()
    change = resolved(told, life, on)
    if change.waiting is not None:
        return nothing()
    return Change(
        applied=True,
        reason=DecisionReason.NO_MONEY,
        origin=ReleasedOriginal(effects=change.effects, reason=change.reason),
        void=change.void,
        void_reason=change.void_reason,
        redirect=change.redirect,
    )


def _difference(
    order: EntryBuilder, event: PaymentFeeAssessed, life: PaymentState, told: Reported, more: int
) -> Iterator[NewEntry]:
    """The payment is less by what the fee is more, and the companion makes up for it, so that the balance stays and
    the sum of payments is the bank's (R-15, N-3). A fee that became less pays the difference in.

    `more` is split as any fee (M-5).
    """
    shares = shares_of(told, fee_of(life))
    weights = [max(share.applied, 0) for share in shares]
    parts = largest_remainder(more, weights if any(weights) else [1] * len(shares))
    lines = classify_entries(life)
    for share, part in zip(shares, parts, strict=True):
        origin = origin_of(lines, share.part)
        if origin is None or not part:
            continue
        kind, name = EntryKind.PAYMENT, share.part
        if part > 0:
            kind, name = EntryKind.REVERSAL, str(PartKey.reversal(EntryKind.PAYMENT, share.part, told.version))
        yield from order.pair(origin, kind, name, -part, part, initial_state(origin), companion_part=share.part)
