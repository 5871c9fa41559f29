"""What is posted for each split of a payment: payment and companion, to the cent (N-1, N-2, N-4, M-5)."""

from __future__ import annotations

from collections.abc import Sequence

from processors.refusal import Refused
from schemas import amounts
from schemas.amounts import SplitAmount, applied_total
from schemas.practice_settings import AmountMode
from schemas.reasons import DeadLetterReason

__all__ = ["SplitAmount", "applied_total", "divide"]


def divide(
    *, applied: Sequence[int], surcharge_minor: int, fee_minor: int | None, mode: AmountMode
) -> tuple[SplitAmount, ...]:
    """`schemas.amounts.divide`. Refused when a split is negative."""
    if min(applied) < 0:
        raise Refused(DeadLetterReason.NEGATIVE_AMOUNT, "splits.amount_minor")
    return amounts.divide(applied=applied, surcharge_minor=surcharge_minor, fee_minor=fee_minor, mode=mode)
