"""Applies a fee that is reported after its payment, by the fee's own event or by a payout
(N-5, N-1, N-2, R-15, E-7, E-11)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

import msgspec

from processors.rules.lifecycle import moved_refunds, superseded_plans
from processors.rules.lifecycle.amounts import with_fee
from processors.rules.lifecycle.awaiting_original import parked
from processors.rules.lifecycle.booking_terms import fee_of, is_cleared, is_voided, money_of, shares_of, terms_of
from processors.rules.lifecycle.change import Change, NewEntry, ReleasedOriginal, following, for_review, nothing
from processors.rules.lifecycle.clearance import waiting_for_funds
from processors.rules.lifecycle.entries import classify_entries
from processors.rules.lifecycle.follower_state import following_state, voidable
from processors.rules.lifecycle.payment_state import FollowUp, PaymentState, Reported, resolved_events
from processors.rules.lifecycle.payments import resolved
from processors.rules.lifecycle.reversal_entries import EntryBuilder, origin_of
from schemas.events import PaymentFeeAssessed
from schemas.plan import PartKey, PlannedEntry
from schemas.practice_settings import AmountMode
from schemas.vocabulary import SKIPPED, DecisionReason, EntryKind, Ruling, State


def assessed(event: PaymentFeeAssessed, state: PaymentState, on: date, *, as_reported: bool = False) -> Change:
    """What waits for the fee is planned with it. Where the payment was planned already, the difference is posted.

    GROSS, insurance and what is skipped take no fee to the ledger; an older version than is known changes nothing.
    One whose net is not its payment's gross less the fee goes to review (M-3), unless the payment was corrected since,
    or a person takes it `as_reported`.
    """
    reported = state.reported
    if reported is None or reported.waiting is State.AWAITING_SETTINGS:
        return parked()
    known = (each for each in resolved_events(state) if isinstance(each, PaymentFeeAssessed))
    if any(each.version > event.version for each in known) or is_voided(state):
        return nothing()
    if not as_reported and _disagrees(event, reported):
        return for_review(DecisionReason.SUMS_DISAGREE)
    counted = FollowUp(
        event=event,
        settings_version=reported.settings_version,
        arrived_at=event.occurred_at,
        ended_as=Ruling.POST if as_reported else None,
    )
    after = msgspec.structs.replace(state, follow_ups=(*state.follow_ups, counted))
    if reported.waiting is not None:
        return _released(reported, after, on)
    before, fee = fee_of(state), fee_of(after)
    terms = terms_of(reported)
    if before is None or fee is None or fee == before or terms.mode is AmountMode.GROSS:
        return nothing()
    lines = classify_entries(state)
    own = [line for line in lines if not line.is_refund and line.booked]
    if all(line.entry.state in SKIPPED for line in own):
        return nothing()
    if all(voidable(line.entry) for line in own) and not moved_refunds.is_netted(lines):
        return superseded_plans.replaced(with_fee(reported, fee), reported, after, on, by=event)
    builder = EntryBuilder(
        event=event, ref=event.payment_id, original=event.payment_id, on=on, companion=terms.companion
    )
    return following(reported, _difference(builder, state, reported, before, fee))


def _disagrees(event: PaymentFeeAssessed, reported: Reported) -> bool:
    if event.occurred_at < reported.event.occurred_at or terms_of(reported).mode is AmountMode.GROSS:
        return False
    return event.net_minor != money_of(reported).gross_minor - event.fee_minor


def paid_out(state: PaymentState, on: date) -> Change:
    """What a payout, among `state.items`, changes for a payment that it carries: its funds are there
    (T-13), and its fee is known (N-5). The change belongs to no event of this payment."""
    reported = state.reported
    lift = waiting_for_funds(state) if is_cleared(state) else ()
    if reported is None or reported.waiting is not State.AWAITING_FEE:
        return Change(applied=True, reason=DecisionReason.FUNDS_CLEARED, lift=lift)
    change = _released(reported, state, on)
    return msgspec.structs.replace(change, reason=DecisionReason.FUNDS_CLEARED, lift=(*change.lift, *lift))


def _released(reported: Reported, state: PaymentState, on: date) -> Change:
    """The original leaves AWAITING_FEE with its plan; anything else that it waits for is another event's to end."""
    if reported.waiting is not State.AWAITING_FEE:
        return nothing()
    change = resolved(reported, state, on)
    if change.waiting is not None:
        return nothing()
    return Change(
        applied=True,
        reason=DecisionReason.NO_MONEY,
        original=ReleasedOriginal(effects=change.effects, reason=change.reason),
        void=change.void,
        void_reason=change.void_reason,
        redirect=change.redirect,
    )


def _difference(
    builder: EntryBuilder, state: PaymentState, reported: Reported, before: int, fee: int
) -> Iterator[NewEntry]:
    """The payment decreases by as much as the fee increased, and the companion makes up for it, so that the balance
    stays and the sum of payments is the bank's (R-15, N-3). A fee that decreased pays the difference in.

    Each part ends as if the fee had been known from the start (M-5, R-17).
    """
    then, now = _companions(with_fee(reported, before)), _companions(with_fee(reported, fee))
    lines = classify_entries(state)
    for share in shares_of(reported, before):
        part = now.get(share.part, 0) - then.get(share.part, 0)
        origin = origin_of(lines, share.part)
        if origin is None or not part:
            continue
        kind, name = EntryKind.PAYMENT, share.part
        if part > 0:
            kind, name = EntryKind.REVERSAL, str(PartKey.reversal(EntryKind.PAYMENT, share.part, reported.version))
        yield from builder.pair(origin, kind, name, -part, part, following_state(origin), companion_part=share.part)


def _companions(plan: Iterable[PlannedEntry]) -> dict[str, int]:
    return {x.part: x.instruction.amount_minor for x in plan if x.entry_kind is EntryKind.FEE_ADJUSTMENT}
