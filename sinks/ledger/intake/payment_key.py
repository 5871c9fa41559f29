"""Which payment or payout an event is about: the key of its life. Pure (law 7)."""

from __future__ import annotations

from typing import Final, NamedTuple

from schemas.codec import EVENTS_BY_NAME, decode_event
from schemas.events import Event
from schemas.topics import STREAM_TOPICS
from schemas.writebacks import MoneyKind, Writeback


class PaymentKey(NamedTuple):
    """One payment or one payout of one source."""

    practice_id: str
    source: str
    kind: str
    """`payment` or `payout`: the money kind of the events that tell it."""
    ref: str


TELLING: Final = frozenset({MoneyKind.PAYMENT, MoneyKind.PAYOUT})
"""Events that tell money itself; their subject is its id."""
_OF_PAYOUTS: Final = frozenset({MoneyKind.PAYOUT_FAILED})
_ABOUT_NOTHING: Final = frozenset({MoneyKind.REQUEST, MoneyKind.CANCEL})
_PAYMENT: Final = MoneyKind.PAYMENT.value
_PAYOUT: Final = MoneyKind.PAYOUT.value


def event_of(writeback: Writeback) -> Event:
    """The event as it was sent; it was decoded once before, so it decodes."""
    topic = STREAM_TOPICS[EVENTS_BY_NAME[writeback.event_type].stream]
    return decode_event(topic, writeback.original)


def told_by(writeback: Writeback) -> PaymentKey | None:
    """The money that an event tells; None if it only speaks of some. Costs no decoding."""
    identity = writeback.identity
    if identity.kind not in TELLING:
        return None
    return PaymentKey(identity.practice_id, identity.source, identity.kind.value, identity.subject)


def concerned(writeback: Writeback, event: Event) -> PaymentKey | None:
    """The money that a linked event speaks of; None for one that tells money or speaks of none."""
    identity = writeback.identity
    if identity.kind in TELLING or identity.kind in _ABOUT_NOTHING:
        return None
    of_payout = identity.kind in _OF_PAYOUTS
    ref: str = getattr(event, "payout_id" if of_payout else "payment_id")
    return PaymentKey(identity.practice_id, identity.source, _PAYOUT if of_payout else _PAYMENT, ref)
