"""How much may be reported about one payment or payout before a person has to look: the work of one record is bounded
(law 9), so that an upstream that repeats refunds slows nobody else down."""

from __future__ import annotations

from typing import Final

from processors.rules.lifecycle.payment_state import PaymentState

MOST_FACTS: Final = 200
"""Events about one payment or payout that are judged. Whatever comes after them is held, unread and unjudged."""
MOST_ENTRIES: Final = 20_000
"""Entries of one payment: ten times the payment of 1,000 splits with its companions."""


def is_full(state: PaymentState) -> bool:
    """Whether another event about it is held for a person, whatever it says. Pure."""
    return len(state.follow_ups) >= MOST_FACTS or len(state.entries) >= MOST_ENTRIES
