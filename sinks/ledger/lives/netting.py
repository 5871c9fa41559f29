"""A refund of a payment that is not posted yet, where the practice books one net entry of both (R-7)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from schemas.practice_settings import RefundBeforePost
from schemas.reasons import DecisionReason
from schemas.states import EntryKind, State
from sinks.ledger.lives.change import Change, Planned
from sinks.ledger.lives.fates import NETTED, inherited, voidable
from sinks.ledger.lives.giving import Amount, Balance
from sinks.ledger.lives.life import Entry, Life
from sinks.ledger.lives.lines import OWN_CASH, Family, Line, total
from sinks.ledger.lives.parts import of_refund, root
from sinks.ledger.lives.readiness import follow
from sinks.ledger.lives.reversing import Order


def is_netted(balance: Balance) -> bool:
    """The practice chose it, and nothing of the payment was sent or may have been."""
    chosen = balance.told.settings.refund_before_post is RefundBeforePost.NET_ENTRY
    return chosen and all(voidable(line.entry) for line in balance.lines if line.booked)


def netted(order: Order, balance: Balance, life: Life) -> Change:
    """What was planned is voided; per part one payment of what is left stands in its place, due when that was.

    The refund itself is shown as skipped, with its amounts. Where nothing is left, nothing is posted.
    """
    plain = msgspec.structs.replace(order, given=None)
    amounts = order.given.amounts if order.given else ()
    entries: list[Planned] = []
    for amount in amounts:
        paid = _payment(life, amount.share.part)
        if paid is not None:
            entries += _left(plain, amount, paid, balance)
            entries += _shown(order, amount, paid)
    return msgspec.structs.replace(
        follow(balance.told, entries),
        reason=DecisionReason.REFUNDED_BEFORE_POST,
        void=tuple(line.entry.effect_id for line in balance.lines if line.booked),
        void_reason=DecisionReason.REFUNDED_BEFORE_POST,
    )


def _payment(life: Life, part: str) -> Entry | None:
    """The newest, voided or not: the entry whose place is taken."""
    paid = (
        entry
        for entry in life.entries
        if entry.entry_kind in OWN_CASH and root(entry.part) == part and entry.depends_on is None
    )
    return max(paid, key=lambda entry: entry.effect_id, default=None)


def _left(order: Order, amount: Amount, paid: Entry, balance: Balance) -> Iterator[Planned]:
    part, standing, mirrored = amount.share.part, inherited(paid), balance.terms.mirrored
    mine = [] if paid.state is State.VOIDED_BEFORE_POST else _beside(paid, balance.lines, part)
    cash = total(mine, Family.CASH) + amount.cash
    companion = 0 if mirrored else total(mine, Family.COMPANION) + amount.companion
    if not cash + companion:
        return
    yield from order.pair(paid, paid.entry_kind, part, cash, companion, standing, alone=True)
    charge = next((line.entry for line in mine if line.entry.entry_kind is EntryKind.CHARGE), None)
    if charge is not None and (left := max(charge.amount_minor + amount.applied, 0)):
        origin = (paid.entry_kind, part) if cash else None
        yield order.entry(charge, EntryKind.CHARGE, part, left, inherited(charge), origin, alone=True)


def _beside(paid: Entry, lines: tuple[Line, ...], part: str) -> list[Line]:
    """The payment's own entries of the part, of the event that brought the payment."""
    key = (paid.source, paid.event_id)
    mine = [line for line in lines if not line.given and line.root == part]
    return [line for line in mine if (line.entry.source, line.entry.event_id) == key]


def _shown(order: Order, amount: Amount, paid: Entry) -> Iterator[Planned]:
    part = amount.share.part
    return order.pair(
        paid,
        EntryKind.REFUND,
        part,
        amount.cash,
        amount.companion,
        NETTED,
        companion_part=of_refund(part),
        alone=True,
    )
