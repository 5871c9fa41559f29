"""What a payout that stands does to a payment it carries: the money is in the bank, and the fee is known. Pure."""

from __future__ import annotations

from datetime import date

import msgspec

from schemas.events import PayoutCategory
from schemas.reasons import DecisionReason
from schemas.states import WAITING, State
from sinks.ledger.lives.change import Change, Origin
from sinks.ledger.lives.life import Life
from sinks.ledger.lives.resolving import told


def paid_out(life: Life, *, on: date) -> Change:
    """The change of the payment's life, whose items are already those of the payout (T-13, N-5).

    It belongs to no event of that life: the payout's own document is its own.
    """
    cleared = any(item.category is PayoutCategory.CHARGE for item in life.items)
    lift = tuple(
        entry.effect_id
        for entry in life.entries
        if cleared and entry.state in WAITING and State.AWAITING_CLEARANCE in entry.holds
    )
    origin = None
    if life.told is not None and life.told.waiting is State.AWAITING_FEE:
        anew = told(life.told, msgspec.structs.replace(life, told=None), on=on)
        if anew.waiting is None:
            origin = Origin(effects=anew.effects, reason=anew.reason)
    return Change(applied=True, reason=DecisionReason.FUNDS_CLEARED, lift=lift, origin=origin)
