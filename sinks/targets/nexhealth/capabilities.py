"""Says what a connection over NexHealth can write under its mapping."""

from __future__ import annotations

from typing import Final

from schemas.vocabulary import EntryKind
from sinks.targets.nexhealth.mapping import NexHealthMapping
from sinks.targets.port import Capabilities

ALWAYS: Final = frozenset(
    {
        EntryKind.PAYMENT,
        EntryKind.FEE_ADJUSTMENT,
        EntryKind.REFUND,
        EntryKind.RETURN,
        EntryKind.DISPUTE_HOLD,
        EntryKind.DISPUTE_RELEASE,
        EntryKind.REVERSAL,
        EntryKind.ALLOCATION,
    }
)
"""Whatever is mapped: a type that is missing stops its entry as INVALID_CONFIG, where staff see it (N-8). The service
has no call for charges, insurance payments and notes on the account (README section 7)."""


def capabilities_of(mapping: NexHealthMapping) -> Capabilities:
    """Pure."""
    return Capabilities(
        entry_kinds=ALWAYS,
        allocates_in_payment=True,
        books_to_guarantor=True,
        reads_back=True,
        proves_absence=True,
        answers_later=True,
        idempotency_key=False,
        needs_patient=True,
        max_in_flight=mapping.calls_at_once,
        min_interval_s=mapping.interval_s,
    )
