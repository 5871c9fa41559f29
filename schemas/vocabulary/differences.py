"""How a payout can differ from what was reported, and how such a difference ends (P-23)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class DifferenceKind(StrEnum):
    IN_TWO_PAYOUTS = "IN_TWO_PAYOUTS"
    """The same money is in an earlier payout that stands: the second one is held."""
    FEE_DIFFERS = "FEE_DIFFERS"
    GROSS_DIFFERS = "GROSS_DIFFERS"
    REFUND_UNKNOWN = "REFUND_UNKNOWN"
    """Only the payout knows of the refund."""
    CHARGE_UNKNOWN = "CHARGE_UNKNOWN"
    """Only the payout knows of the payment; no patient is named."""
    MISSING_FROM_PAYOUT = "MISSING_FROM_PAYOUT"
    """The payment is in no payout, longer than the practice waits for one."""


class DifferenceEnd(StrEnum):
    UPSTREAM = "UPSTREAM"
    """What was reported since agrees."""
    DISMISSED = "DISMISSED"
    """A person says that nothing is to be done."""
    BANK_IS_RIGHT = "BANK_IS_RIGHT"
    """A person says that the payout is right, and the entries were corrected."""
    ENTRY_DECIDED = "ENTRY_DECIDED"
    """A person decided about the payout's held entry."""


ACCEPTABLE: Final = frozenset({DifferenceKind.FEE_DIFFERS, DifferenceKind.GROSS_DIFFERS, DifferenceKind.REFUND_UNKNOWN})
"""The bank can be right about it: what is to be booked then is known whole."""

UNREPORTED: Final = frozenset({DifferenceKind.REFUND_UNKNOWN, DifferenceKind.CHARGE_UNKNOWN})
"""May only be late: told when it has not come for some minutes."""
