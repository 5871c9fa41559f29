"""Parts that every request of this route shares: exact amounts, the one line of text for staff, the envelope."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.plan import Instruction
from schemas.vocabulary import DeadLetterReason, State
from sinks.targets.port import Composed, NotComposed, TargetEntry


def describe(entry: TargetEntry, what: str) -> str:
    """The marker first, on one line (line breaks become spaces), then what staff need: no person, no free text."""
    order = entry.instruction
    parts = [f"{entry.marker} {what} {order.payment_ref or '-'}"]
    if order.original_ref is not None and order.original_ref != order.payment_ref:
        parts.append(f"of {order.original_ref}")
    if order.original_date is not None:
        parts.append(f"dated {order.original_date.isoformat()}")
    if order.gross_minor is not None:
        parts.append(f"charged {decimal(order.gross_minor)}")
    if order.fee_minor:
        parts.append(f"fee {decimal(order.fee_minor)}")
    if order.surcharge_minor:
        parts.append(f"surcharge {decimal(order.surcharge_minor)}")
    if order.card_brand and order.card_last4:
        parts.append(f"{order.card_brand} {order.card_last4}")
    return ", ".join(parts)


def decimal(minor: int) -> str:
    """Exact decimal text of minor units (M-2)."""
    major, cents = divmod(abs(minor), 100)
    return f"{'-' if minor < 0 else ''}{major}.{cents:02d}"


def composed(method: str, path: str, fields: dict[str, Any], order: Instruction) -> Composed:
    return Composed(method=method, path=path, body=msgspec.json.encode(fields), ledger_date=order.ledger_date)


def not_composed(state: State, reason: DeadLetterReason, field: str) -> NotComposed:
    return NotComposed(state=state, reason=reason, field=field)
