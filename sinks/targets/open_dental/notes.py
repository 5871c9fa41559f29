"""Composes notes: one commlog on the patient per payment request, with its local date and time (NOTE-1, NOTE-2)."""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import ZoneInfo

from sinks.targets.entry_note import decimal
from sinks.targets.open_dental.mapping import OpenDentalMapping
from sinks.targets.open_dental.request_text import composed
from sinks.targets.port import Composed, TargetEntry

_MODES: Final = {"EMAIL": "Email", "TEXT": "Text"}
"""How a request was sent → Mode_ (README section 9); a reminder or the portal has no mode there."""


def compose(entry: TargetEntry, mapping: OpenDentalMapping, patient: int) -> Composed:
    """Marker, amount, date and time; nothing that the practice's own file does not hold."""
    order = entry.instruction
    sent = order.occurred_at.astimezone(ZoneInfo(order.zone or "UTC"))
    words = [f"{entry.marker} Payment request sent {sent:%Y-%m-%d} at {sent:%H:%M}"]
    if order.zone is None:
        words.append("UTC")
    if order.gross_minor:
        words.append(f"for {decimal(order.gross_minor)} {order.currency}")
    if order.payment_ref:
        words.append(f"({order.payment_ref})")
    fields: dict[str, Any] = {
        "PatNum": patient,
        "Note": " ".join(words),
        "CommDateTime": f"{sent:%Y-%m-%d %H:%M:%S}",
        "Mode_": _MODES.get(order.channel or "", "None"),
        "SentOrReceived": "Sent",
    }
    if mapping.note_type is not None:
        fields["CommType"] = mapping.note_type
    return composed("POST", "/commlogs", fields, order)
