"""Books one net entry for a payment and its refund, where the refund comes before the payment is posted (R-7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from processors.rules.lifecycle.allocate_refund import Balance, PartAmount
from processors.rules.lifecycle.amounts import with_fee
from processors.rules.lifecycle.booking_terms import fee_of
from processors.rules.lifecycle.change import Change, NewEntry, following
from processors.rules.lifecycle.entries import Family, own_payments, total
from processors.rules.lifecycle.follower_state import NET_NOT_POSITIVE, NETTED, PlannedState, inherited_state, voidable
from processors.rules.lifecycle.payment_state import EntryState, PaymentState
from processors.rules.lifecycle.reversal_entries import EntryBuilder, origin_of
from schemas.bookkeeping.companion import share_until
from schemas.plan import PartKey, PlannedEntry
from schemas.practice_settings import RefundBeforePost
from schemas.vocabulary import SKIPPED, DecisionReason, EntryKind


def is_netted(balance: Balance) -> bool:
    """The practice chose it, nothing of the payment was sent or may have been, and nothing else follows it yet."""
    chosen = balance.reported.settings.refund_before_post is RefundBeforePost.NET_ENTRY
    return chosen and all(voidable(line.entry) and not line.is_refund for line in balance.lines if line.booked)


def netted(builder: EntryBuilder, balance: Balance, state: PaymentState) -> Change:
    """What was planned is voided; per part one payment of what is left stands in its place, due when that was.

    The refund itself is shown as skipped, with its amounts. Where nothing is left, nothing is posted.
    """
    plan = with_fee(balance.reported, fee_of(state))
    entries: list[NewEntry] = []
    for amount in builder.split.amounts if builder.split else ():
        paid = _payment(state, amount.share.part)
        if paid is not None:
            mine = [effect for effect in plan if effect.part == amount.share.part]
            entries += _left(builder, balance, amount, mine, paid, state)
            entries += _shown(builder, amount, paid)
    return msgspec.structs.replace(
        following(balance.reported, entries),
        reason=DecisionReason.REFUNDED_BEFORE_POST,
        void=tuple(line.entry.effect_id for line in balance.lines if line.booked),
        void_reason=DecisionReason.REFUNDED_BEFORE_POST,
    )


def restored(builder: EntryBuilder, balance: Balance, state: PaymentState) -> tuple[NewEntry, ...]:
    """Payments for the parts of which a net entry left nothing, when their refund fails after all (R-9)."""
    plan = with_fee(balance.reported, fee_of(state))
    whole = msgspec.structs.replace(builder, split=None, ref=builder.original)
    entries: list[NewEntry] = []
    for amount in builder.split.amounts if builder.split else ():
        part = amount.share.part
        paid = _payment(state, part)
        if paid is None or origin_of(balance.lines, part) is not None or not (amount.cash or amount.companion):
            continue
        initial, first = _inherited_state(state, paid, part), None
        if _planned([effect for effect in plan if effect.part == part], EntryKind.CHARGE):
            entries.append(whole.entry(paid, EntryKind.CHARGE, part, amount.applied, initial, alone=True))
            first = (EntryKind.CHARGE, part)
        kind = paid.entry_kind
        entries += whole.pair(paid, kind, part, amount.cash, amount.companion, initial, first=first, alone=True)
        entries += _shown(builder, amount, paid)
    return tuple(entries)


def _payment(state: PaymentState, part: str) -> EntryState | None:
    """The newest, voided or not: the entry whose place is taken."""
    return max(_payments(state, part), key=lambda entry: entry.effect_id, default=None)


def _payments(state: PaymentState, part: str) -> list[EntryState]:
    return [x for x in own_payments(state.entries) if PartKey.parse(x.part).place == part]


def _inherited_state(state: PaymentState, paid: EntryState, part: str) -> PlannedState:
    """Of `paid`, or of what stood before it where `paid` was posted by hand only because of its fee (N-9)."""
    planned = [x for x in _payments(state, part) if not _is_less_than_fee(x)]
    return inherited_state(max(planned, key=lambda x: x.effect_id) if planned and _is_less_than_fee(paid) else paid)


def _is_less_than_fee(paid: EntryState) -> bool:
    return paid.reason is DecisionReason.MANUAL_NET_NOT_POSITIVE or paid.amount_minor <= 0


def _left(
    builder: EntryBuilder,
    balance: Balance,
    amount: PartAmount,
    plan: Sequence[PlannedEntry],
    paid: EntryState,
    state: PaymentState,
) -> Iterator[NewEntry]:
    """What the plan says of the part, less all that was given back of it."""
    part, whole = amount.share.part, msgspec.structs.replace(builder, split=None, ref=builder.original)
    gone = [line for line in balance.lines if line.is_refund and line.root == part]
    cash = _planned(plan, paid.entry_kind) + total(gone, Family.CASH) + amount.cash
    companion = 0
    if not balance.terms.mirrored:
        companion = _planned(plan, EntryKind.FEE_ADJUSTMENT) + total(gone, Family.COMPANION) + amount.companion
    if not cash + companion:
        return
    initial = _inherited_state(state, paid, part)
    if cash <= 0 < cash + companion and initial.state not in SKIPPED:
        # N-9: the fee is larger than what is left, and a payment cannot write that.
        initial = NET_NOT_POSITIVE
    first = None
    if charge := _planned(plan, EntryKind.CHARGE):
        # B-1: the charge is what counts toward the balance; of a mirrored share, as much of it as of the payment.
        left = share_until(charge, cash, amount.share.full) if balance.terms.mirrored else cash + companion
        yield whole.entry(paid, EntryKind.CHARGE, part, left, initial, alone=True)
        first = (EntryKind.CHARGE, part)
    yield from whole.pair(paid, paid.entry_kind, part, cash, companion, initial, first=first, alone=True)


def _planned(plan: Sequence[PlannedEntry], kind: EntryKind) -> int:
    return sum(effect.instruction.amount_minor for effect in plan if effect.entry_kind is kind)


def _shown(builder: EntryBuilder, amount: PartAmount, paid: EntryState) -> Iterator[NewEntry]:
    part = amount.share.part
    return builder.pair(
        paid,
        EntryKind.REFUND,
        part,
        amount.cash,
        amount.companion,
        NETTED,
        companion_part=str(PartKey(place=part, of_refund=True)),
        alone=True,
    )
