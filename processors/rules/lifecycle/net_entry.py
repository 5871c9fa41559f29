"""A refund of a payment that is not posted yet, where the practice books one net entry of both (R-7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from processors.rules.lifecycle.allocate_refund import Balance, PartAmount
from processors.rules.lifecycle.amounts import with_fee
from processors.rules.lifecycle.booking_terms import fee_of
from processors.rules.lifecycle.change import Change, NewEntry
from processors.rules.lifecycle.entries import OWN_CASH, Family, total
from processors.rules.lifecycle.follower_state import NET_NOT_POSITIVE, NETTED, InitialState, inherited_state, voidable
from processors.rules.lifecycle.payment_state import EntryState, PaymentState
from processors.rules.lifecycle.readiness import follow
from processors.rules.lifecycle.reversal_entries import EntryBuilder, origin_of
from schemas.bookkeeping.companion import share_until
from schemas.plan import PartKey, PlannedEntry
from schemas.practice_settings import RefundBeforePost
from schemas.vocabulary import SKIPPED, DecisionReason, EntryKind


def is_netted(balance: Balance) -> bool:
    """The practice chose it, nothing of the payment was sent or may have been, and nothing else follows it yet."""
    chosen = balance.told.settings.refund_before_post is RefundBeforePost.NET_ENTRY
    return chosen and all(voidable(line.entry) and not line.given for line in balance.lines if line.booked)


def netted(order: EntryBuilder, balance: Balance, life: PaymentState) -> Change:
    """What was planned is voided; per part one payment of what is left stands in its place, due when that was.

    The refund itself is shown as skipped, with its amounts. Where nothing is left, nothing is posted.
    """
    plan = with_fee(balance.told, fee_of(life))
    entries: list[NewEntry] = []
    for amount in order.given.amounts if order.given else ():
        paid = _payment(life, amount.share.part)
        if paid is not None:
            mine = [effect for effect in plan if effect.part == amount.share.part]
            entries += _left(order, balance, amount, mine, paid, life)
            entries += _shown(order, amount, paid)
    return msgspec.structs.replace(
        follow(balance.told, entries),
        reason=DecisionReason.REFUNDED_BEFORE_POST,
        void=tuple(line.entry.effect_id for line in balance.lines if line.booked),
        void_reason=DecisionReason.REFUNDED_BEFORE_POST,
    )


def restored(order: EntryBuilder, balance: Balance, life: PaymentState) -> tuple[NewEntry, ...]:
    """Payments for the parts of which a net entry left nothing, when what was refunded comes back after all (R-9)."""
    plan = with_fee(balance.told, fee_of(life))
    whole = msgspec.structs.replace(order, given=None, ref=order.original)
    entries: list[NewEntry] = []
    for amount in order.given.amounts if order.given else ():
        part = amount.share.part
        paid = _payment(life, part)
        if paid is None or origin_of(balance.lines, part) is not None or not (amount.cash or amount.companion):
            continue
        standing = _inherited(life, paid, part)
        entries += whole.pair(paid, paid.entry_kind, part, amount.cash, amount.companion, standing, alone=True)
        if _planned([effect for effect in plan if effect.part == part], EntryKind.CHARGE):
            origin = (paid.entry_kind, part) if amount.cash else None
            entries.append(whole.entry(paid, EntryKind.CHARGE, part, amount.applied, standing, origin, alone=True))
        entries += _shown(order, amount, paid)
    return tuple(entries)


def _payment(life: PaymentState, part: str) -> EntryState | None:
    """The newest, voided or not: the entry whose place is taken."""
    return max(_payments(life, part), key=lambda entry: entry.effect_id, default=None)


def _payments(life: PaymentState, part: str) -> list[EntryState]:
    own = [x for x in life.entries if x.entry_kind in OWN_CASH and x.depends_on is None]
    return [x for x in own if PartKey.parse(x.part).place == part]


def _inherited(life: PaymentState, paid: EntryState, part: str) -> InitialState:
    """Of `paid`, or of what stood before it where a person had it only because the fee ate what was left (N-9)."""
    planned = [x for x in _payments(life, part) if not _is_eaten(x)]
    return inherited_state(max(planned, key=lambda x: x.effect_id) if planned and _is_eaten(paid) else paid)


def _is_eaten(paid: EntryState) -> bool:
    return paid.reason is DecisionReason.MANUAL_NET_NOT_POSITIVE or paid.amount_minor <= 0


def _left(
    order: EntryBuilder,
    balance: Balance,
    amount: PartAmount,
    plan: Sequence[PlannedEntry],
    paid: EntryState,
    life: PaymentState,
) -> Iterator[NewEntry]:
    """What the plan says of the part, less all that was given back of it."""
    part, whole = amount.share.part, msgspec.structs.replace(order, given=None, ref=order.original)
    gone = [line for line in balance.lines if line.given and line.root == part]
    cash = _planned(plan, paid.entry_kind) + total(gone, Family.CASH) + amount.cash
    companion = 0
    if not balance.terms.mirrored:
        companion = _planned(plan, EntryKind.FEE_ADJUSTMENT) + total(gone, Family.COMPANION) + amount.companion
    if not cash + companion:
        return
    standing = _inherited(life, paid, part)
    if cash <= 0 < cash + companion and standing.state not in SKIPPED:
        # N-9: the fee eats what is left, and a payment is no way to write that.
        standing = NET_NOT_POSITIVE
    yield from whole.pair(paid, paid.entry_kind, part, cash, companion, standing, alone=True)
    if charge := _planned(plan, EntryKind.CHARGE):
        # B-1: the charge is what counts toward the balance; of a mirrored share, as much of it as of the payment.
        left = share_until(charge, cash, amount.share.full) if balance.terms.mirrored else cash + companion
        origin = (paid.entry_kind, part) if cash else None
        yield whole.entry(paid, EntryKind.CHARGE, part, left, standing, origin, alone=True)


def _planned(plan: Sequence[PlannedEntry], kind: EntryKind) -> int:
    return sum(effect.instruction.amount_minor for effect in plan if effect.entry_kind is kind)


def _shown(order: EntryBuilder, amount: PartAmount, paid: EntryState) -> Iterator[NewEntry]:
    part = amount.share.part
    return order.pair(
        paid,
        EntryKind.REFUND,
        part,
        amount.cash,
        amount.companion,
        NETTED,
        companion_part=str(PartKey(place=part, of_refund=True)),
        alone=True,
    )
