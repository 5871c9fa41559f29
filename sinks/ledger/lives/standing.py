"""How a payment stands as a whole: derived from its events, never stored (features 2.4, R-2)."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from schemas import events as e
from sinks.ledger.lives.life import Life
from sinks.ledger.lives.terms import fee_of, is_voided, money_of


class Reversal(StrEnum):
    """A payment whose entries stand unchanged has neither."""

    REVERSED = "REVERSED"
    PARTIALLY_REVERSED = "PARTIALLY_REVERSED"


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Minor units of gross money. What was given back is ≥ 0, less what of it came back."""

    gross: int
    fee: int | None
    """The payment's own, as it is known now."""
    refunded: int
    returned: int
    disputed: int
    voided: int

    @property
    def standing(self) -> int:
        return self.gross - self.refunded - self.returned - self.disputed - self.voided

    @property
    def reversal(self) -> Reversal | None:
        if self.standing == self.gross:
            return None
        return Reversal.PARTIALLY_REVERSED if self.standing > 0 else Reversal.REVERSED


def totals(life: Life) -> Totals | None:
    """The running totals of a payment's life; None while it is not told. Parked events and those that wait for a
    person do not count."""
    if life.told is None:
        return None
    gross = money_of(life.told).gross_minor
    refunded = _given(life, e.RefundSucceeded, e.RefundFailed)
    returned = _given(life, e.PaymentReturned)
    disputed = _given(life, e.DisputeOpened, e.DisputeClosed)
    return Totals(
        gross=gross,
        fee=fee_of(life),
        refunded=refunded,
        returned=returned,
        disputed=disputed,
        voided=gross - refunded - returned - disputed if is_voided(life) else 0,
    )


def _given(life: Life, *types: type[e.Event]) -> int:
    found = (x.event for x in life.linked if x.waiting is None and isinstance(x.event, types))
    return -sum(getattr(event, "gross_minor", 0) for event in found)
