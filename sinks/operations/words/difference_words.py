"""What each difference between a payout and what was reported means, in a line for people."""

from __future__ import annotations

from typing import Final

from schemas.vocabulary import DifferenceKind as K

DIFFERENCE_WORDS: Final[dict[K, str]] = {
    K.IN_TWO_PAYOUTS: "the same money is in an earlier payout; this payout is held",
    K.FEE_DIFFERS: "the payout says another fee",
    K.GROSS_DIFFERS: "the payout says another amount before fees",
    K.REFUND_UNKNOWN: "only the payout knows of this refund",
    K.CHARGE_UNKNOWN: "only the payout knows of this payment",
    K.MISSING_FROM_PAYOUT: "the payment is in no payout yet",
}
