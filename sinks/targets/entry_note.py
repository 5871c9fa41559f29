"""The one line of text that an entry carries for staff, and exact decimal text of amounts. Pure."""

from __future__ import annotations

from sinks.targets.port import TargetEntry


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
