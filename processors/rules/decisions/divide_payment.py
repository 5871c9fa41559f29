"""Refuses a payment whose amounts cannot be divided, else divides it (`schemas.bookkeeping.companion`).

Whether it is booked net or gross is decided in `schemas.bookkeeping.net_or_gross`.
"""

from __future__ import annotations

from collections.abc import Sequence

from processors.rules.decisions.refusal import Refused
from schemas.bookkeeping import companion
from schemas.bookkeeping.companion import SplitAmount
from schemas.practice_settings import AmountMode
from schemas.vocabulary import DeadLetterReason, FieldFault


def divide(
    *, applied: Sequence[int], surcharge_minor: int, fee_minor: int | None, mode: AmountMode
) -> tuple[SplitAmount, ...]:
    """`schemas.bookkeeping.companion.divide`. Refused when a split is negative."""
    if min(applied) < 0:
        raise Refused(DeadLetterReason.NEGATIVE_AMOUNT, "splits.amount_minor", FieldFault.BELOW_ZERO)
    return companion.divide(applied=applied, surcharge_minor=surcharge_minor, fee_minor=fee_minor, mode=mode)
