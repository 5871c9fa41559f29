"""What each kind of adjustment is called, and which field of a mapping has its type, for systems that keep adjustments.

The mappings of these systems share the names of the fields (N-2, R-12, R-15). Pure.
"""

from __future__ import annotations

from typing import Final

from schemas.plan import PartKey
from schemas.vocabulary import EntryKind
from sinks.targets.port import TargetEntry

_TYPES: Final[dict[EntryKind, tuple[str | None, str | None]]] = {
    EntryKind.FEE_ADJUSTMENT: ("fee_credit", "fee_debit"),
    EntryKind.REFUND: ("refund_failed", "refund"),
    EntryKind.RETURN: (None, "payment_return"),
    EntryKind.DISPUTE_HOLD: (None, "dispute"),
    EntryKind.DISPUTE_RELEASE: ("dispute_won", None),
    EntryKind.REVERSAL: ("refund_failed", "void"),
}
"""Kind → mapped type for what counts toward the balance (> 0), and for what no longer does (< 0). None: that sign is
no such entry."""

WORDS: Final = {
    EntryKind.FEE_ADJUSTMENT: "processing fee of",
    EntryKind.REFUND: "refund",
    EntryKind.RETURN: "returned payment",
    EntryKind.DISPUTE_HOLD: "dispute",
    EntryKind.DISPUTE_RELEASE: "dispute won",
    EntryKind.REVERSAL: "reversal of",
    EntryKind.CHARGE_REVERSAL: "membership charge reversed",
}
"""What the entry's text for staff begins with."""


def type_field(entry: TargetEntry) -> str | None:
    """The mapping's field for an entry's type; None for an amount that its kind cannot have."""
    order = entry.instruction
    kind = order.entry_kind
    if kind is EntryKind.REVERSAL and PartKey.parse(entry.part).reverses is EntryKind.FEE_ADJUSTMENT:
        kind = EntryKind.FEE_ADJUSTMENT
    toward, away = _TYPES[kind]
    return toward if order.amount_minor > 0 else away
