"""Says what an Open Dental connection can write under its mapping."""

from __future__ import annotations

from typing import Final

from schemas.vocabulary import EntryKind
from sinks.targets.open_dental.claims import CLAIM_KINDS
from sinks.targets.open_dental.mapping import OpenDentalMapping
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
        EntryKind.CHARGE_REVERSAL,
        EntryKind.ALLOCATION,
        EntryKind.NOTE,
    }
)
"""Whatever is mapped: a type that is missing stops its entry as INVALID_CONFIG, where staff see it (N-8)."""


def capabilities_of(mapping: OpenDentalMapping) -> Capabilities:
    """Pure. A membership's charge needs its procedure code; without one its payment is a prepayment (B-1). Claims need
    their insurance payment type; without one they are entered by hand (ET-3)."""
    claims = CLAIM_KINDS if mapping.insurance_pay_type is not None else frozenset()
    charges = mapping.membership_code is not None or bool(mapping.membership_code_by_plan)
    return Capabilities(
        entry_kinds=ALWAYS | claims | ({EntryKind.CHARGE} if charges else frozenset()),
        allocates_exactly=mapping.exact_allocation,
        books_to_guarantor=True,
        reads_back=True,
        proves_absence=True,
        idempotency_key=False,
        needs_patient=True,
        max_in_flight=mapping.calls_at_once,
        min_interval_s=mapping.interval_s,
    )
