"""States of one message to one recipient, and their groups."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class DeliveryState(StrEnum):
    """State of a delivery: a message of a notice to one recipient by one channel (law 26)."""

    DUE = "DUE"
    SENDING = "SENDING"
    """Marked before it is handed over."""
    SENT = "SENT"
    UNCERTAIN = "UNCERTAIN"
    """Handed over, and nobody knows whether it was taken; repeated once."""
    FAILED = "FAILED"


DELIVERY_UNDER_WAY: Final = frozenset({DeliveryState.DUE, DeliveryState.SENDING})
"""Still to be handed over, or just being handed over."""

MAY_HAVE_ARRIVED: Final = frozenset({DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.UNCERTAIN})
"""The recipient may have got it, and is also notified when it is solved."""
