"""Which payment or payout an event is about (law 7)."""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.codec import EVENTS_BY_NAME, decode_event
from schemas.events import Event
from schemas.topics import STREAM_TOPICS
from schemas.writebacks import MoneyKind, Writeback


class PaymentKey(msgspec.Struct, frozen=True, order=True):
    """One payment or one payout of one source."""

    practice_id: str
    kind: str
    """`PAYMENT` or `PAYOUT`: the money kind of the events that report it."""
    ref: str


PAYMENT: Final = MoneyKind.PAYMENT.value
PAYOUT: Final = MoneyKind.PAYOUT.value
_REPORTS: Final = frozenset({MoneyKind.PAYMENT, MoneyKind.PAYOUT})
"""Events that report money itself; their subject is its id."""
_OF_PAYOUTS: Final = frozenset({MoneyKind.PAYOUT_FAILED})
_ABOUT_NO_MONEY: Final = frozenset({MoneyKind.REQUEST, MoneyKind.CANCEL})


def event_of(writeback: Writeback) -> Event:
    """The event as it was sent; it was decoded once before, so it decodes."""
    return event_from(writeback.event_type, writeback.original)


def event_from(event_type: str, original: bytes) -> Event:
    """The event in the bytes of one that was stored."""
    return decode_event(STREAM_TOPICS[EVENTS_BY_NAME[event_type].stream], original)


def reported_key(writeback: Writeback) -> PaymentKey | None:
    """The money that an event reports; None for one that is about other money or about none. Costs no decoding."""
    identity = writeback.identity
    if identity.kind not in _REPORTS:
        return None
    return PaymentKey(identity.practice_id, identity.kind.value, identity.subject)


def follow_up_key(writeback: Writeback, event: Event) -> PaymentKey | None:
    """The money that a follow-up is about; None for an event that reports money or is about none."""
    identity = writeback.identity
    if identity.kind in _REPORTS or identity.kind in _ABOUT_NO_MONEY:
        return None
    of_payout = identity.kind in _OF_PAYOUTS
    ref: str = getattr(event, "payout_id" if of_payout else "payment_id")
    return PaymentKey(identity.practice_id, PAYOUT if of_payout else PAYMENT, ref)
